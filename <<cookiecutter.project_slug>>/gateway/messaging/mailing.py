"""One call to be made about many connections, and how far it has come. Fed by one thread, carried out by the event loop."""

import threading
from collections import Counter, deque
from collections.abc import Callable

from gateway.messaging.sigv4 import digest
from gateway.messaging.verdict import SENDING, Patience
from gateway.transports import Method, Outcome, Recipient


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
        self.errors: Counter[int] = Counter()
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

    def wait_until_open(self, most: int) -> None:
        """Waits until no more than so many recipients are still open."""
        target = self.fed - most
        self._reached.clear()
        self._awaited = target
        if self.done < target:
            self._reached.wait()
