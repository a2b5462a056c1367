"""One call to be made about many connections, and how far it has come. Fed by one thread, carried out by the event loop."""

import threading
from collections import deque
from collections.abc import Callable

from gateway.messaging.sigv4 import digest
from gateway.messaging.verdict import SENDING, Patience
from gateway.transports import Method, Outcome, Recipient


class SendStalledError(RuntimeError):
    """No call has ended for longer than any may take: what carries them out is stuck, or credentials do not come."""


class Mailing:
    """What is sent to whom.

    The event loop writes the counts, `undelivered` and `problems`; the thread that feeds it reads them. Recipients that were
    sent to are only counted, so memory does not grow with their number.
    """

    def __init__(
        self,
        method: Method,
        body: bytes = b"",
        *,
        patience: Patience = SENDING,
        then: Callable[[Recipient, Outcome], None] | None = None,
    ) -> None:
        self.method = method
        self.body = body
        self.body_digest = digest(body)
        self.patience = patience
        self.then = then
        self.fed = 0
        self.done = 0
        self.sent = 0
        self.undelivered: deque[tuple[Recipient, Outcome]] = deque()
        self.problems: list[str] = []
        self._awaited = -1
        self._reached = threading.Event()

    def finish(self, recipient: Recipient, outcome: Outcome) -> None:
        """The outcome of one recipient is final. Called on the event loop."""
        if outcome is Outcome.SENT:
            self.sent += 1
        elif self.then is None:
            self.undelivered.append((recipient, outcome))
        self.done += 1
        if self.then is not None:
            self.then(recipient, outcome)
        if self.done == self._awaited:
            self._reached.set()

    def wait_until_open(self, most: int, quiet: float) -> None:
        """Waits until no more than so many recipients are still open.

        However many there are and however slow they are, one after the other is done with. Raises `SendStalledError` when none was
        for `quiet` seconds.
        """
        self._awaited = self.fed - most
        while True:
            # Cleared before it is looked: a wake-up that was meant for the last wait must not end this one.
            self._reached.clear()
            done = self.done
            if done >= self._awaited:
                return
            if not self._reached.wait(quiet) and self.done == done:
                raise self.stalled(quiet)

    def stalled(self, quiet: float) -> SendStalledError:
        """The error that says so."""
        return SendStalledError(
            f"No call to the management API has ended for {quiet:g} s: {self.done} of {self.fed} recipients have an outcome, "
            "the others may or may not have been sent to."
        )
