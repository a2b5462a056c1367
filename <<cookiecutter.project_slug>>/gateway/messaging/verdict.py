"""What an answer of the management API means for its recipient. Pure: chance and time are passed in."""

from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from gateway.transports import Answer, Outcome

YOUNG_SECONDS: Final = 30.0
"""AWS answers 410 for a connection whose `$connect` has not returned yet, which may take up to 29 seconds."""

HOPELESS: Final = 20
"""Recipients in a row that got no answer whatever: the endpoint is taken to be down for this send."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How often and after how many seconds a call is repeated."""

    throttled: int = 8
    unanswered: int = 3
    young: tuple[float, ...] = (0.1, 0.3, 0.6)
    first_delay: float = 0.05
    longest_delay: float = 2.0

    def longest(self, call_seconds: float) -> float:
        """The most seconds that a call may take with all its repetitions, when one of them takes so long."""
        retries = max(self.throttled, self.unanswered, len(self.young))
        delays = [min(self.longest_delay, self.first_delay * 2**retry) for retry in range(retries)]
        return (retries + 1) * call_seconds + sum(map(max, zip_longest(delays, self.young, fillvalue=0.0)))


SENDING: Final = Patience()
CLOSING: Final = Patience(
    throttled=10, unanswered=7, young=(0.5, 1.0, 2.0, 4.0, 8.0, 16.0), first_delay=0.5, longest_delay=30.0
)
"""A socket that must end outlasts its own `$connect`: the delays add up to more than `YOUNG_SECONDS`."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Final (`outcome`), to be repeated (`delay` in seconds), or a refusal of everybody at this endpoint (`stop`)."""

    outcome: Outcome | None = None
    delay: float = 0.0
    stop: bool = False


SENT: Final = Verdict(Outcome.SENT)
FAILED: Final = Verdict(Outcome.FAILED)


def is_gone(answer: Answer) -> bool:
    """410 by class or by status, or an id that AWS calls malformed."""
    if answer.status == 410 or answer.error == "GoneException":
        return True
    return answer.status == 400 and answer.message.startswith("Invalid connectionId")


def verdict(answer: Answer, *, retries: int, age: float, chance: float, patience: Patience = SENDING) -> Verdict:
    """What to do after this answer to a call that has been repeated `retries` times.

    `age` of the connection in seconds; `chance` in [0, 1) spreads repetitions, so that those throttled together do not come back
    together.
    """
    if answer.status in {200, 204}:
        return SENT
    if is_gone(answer):
        return _gone(retries, age, patience)
    if answer.status == 429:
        return _again(retries, patience.throttled, chance, patience) or Verdict(Outcome.THROTTLED)
    if answer.status == 403:
        return Verdict(Outcome.FAILED, stop=True)
    if answer.status >= 500 or answer.repeatable:
        return _again(retries, patience.unanswered, chance, patience) or FAILED
    return FAILED


def _gone(retries: int, age: float, patience: Patience) -> Verdict:
    if age >= YOUNG_SECONDS:
        return Verdict(Outcome.GONE)
    return Verdict(delay=patience.young[retries]) if retries < len(patience.young) else FAILED


def _again(retries: int, most: int, chance: float, patience: Patience) -> Verdict | None:
    if retries >= most:
        return None
    longest = min(patience.longest_delay, patience.first_delay * 2**retries)
    return Verdict(delay=longest * (0.5 + chance / 2))
