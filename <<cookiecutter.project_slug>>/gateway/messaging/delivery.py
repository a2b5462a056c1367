"""The account of one send: nobody is dropped silently."""

from dataclasses import dataclass, field

from gateway.transports import Outcome


@dataclass
class Delivery:
    """What became of a message.

    While `pending`, nothing has been tried yet: the send waits for the transaction to commit, and stays pending for ever if that
    rolls back. `not_sent` lists the connection ids by outcome. `problems` has one sentence for each endpoint that refused us or was
    down, however many recipients it has.
    """

    sent: int = 0
    gone: int = 0
    throttled: int = 0
    failed: int = 0
    not_sent: dict[Outcome, list[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    pending: bool = False

    @property
    def total(self) -> int:
        """Everybody that was tried."""
        return self.sent + self.gone + self.throttled + self.failed

    def record(self, connection_id: str, outcome: Outcome) -> None:
        """Counts one recipient, and keeps its id unless it was sent to."""
        setattr(self, outcome.value, getattr(self, outcome.value) + 1)
        if outcome is not Outcome.SENT:
            self.not_sent.setdefault(outcome, []).append(connection_id)
