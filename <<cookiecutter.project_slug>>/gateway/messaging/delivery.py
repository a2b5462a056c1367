"""The account of one send: nobody is dropped silently."""

from collections.abc import Mapping
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
    broadcast_id: str = ""
    """Set when workers do the sending: `Broadcast.objects.get(pk=...).delivery()` is the account as far as it has come."""

    @property
    def total(self) -> int:
        """Everybody that was tried."""
        return self.sent + self.gone + self.throttled + self.failed

    def record(self, connection_id: str, outcome: Outcome) -> None:
        """Counts one recipient, and keeps its id unless it was sent to."""
        setattr(self, outcome.value, getattr(self, outcome.value) + 1)
        if outcome is not Outcome.SENT:
            self.not_sent.setdefault(outcome, []).append(connection_id)

    def merge(self, other: "Delivery") -> None:
        """Adds the account of another part of the same send."""
        self.sent += other.sent
        for outcome, connection_ids in other.not_sent.items():
            setattr(self, outcome.value, getattr(self, outcome.value) + len(connection_ids))
            self.not_sent.setdefault(outcome, []).extend(connection_ids)
        self.problems += [problem for problem in other.problems if problem not in self.problems]

    @classmethod
    def of(cls, sent: int, not_sent: Mapping[str, list[str]], problems: list[str]) -> "Delivery":
        """An account as it was written down."""
        written = cls()
        by_outcome = {Outcome(outcome): connection_ids for outcome, connection_ids in not_sent.items()}
        written.merge(cls(sent=sent, not_sent=by_outcome, problems=problems))
        return written
