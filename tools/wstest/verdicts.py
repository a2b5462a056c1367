"""The cases of the Autobahn test suite that do not end as the suite expects, and what AWS has to do with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

FAILED: Final = "FAILED"
NON_STRICT: Final = "NON-STRICT"
"""The suite's word for what RFC 6455 permits, though the suite would have it otherwise."""
PASSED: Final = frozenset({"OK", "INFORMATIONAL"})


class Outcome(NamedTuple):
    """What the suite says of one case."""

    verdict: str
    close_code: int | None


@dataclass(frozen=True)
class Known:
    """Cases with the same reason to end otherwise. A case belongs to the first that names it."""

    cases: str
    """Patterns, separated by spaces."""
    verdict: str
    codes: tuple[int, ...]
    """What the gateway closes with; which of several depends on what of a message it sees first."""
    why: str

    def names(self, case: str) -> bool:
        return any(fnmatchcase(case, pattern) for pattern in self.cases.split())


LARGE = "A frame has at most 32 KB and a message 128 KB (AWS facts 5)"
BINARY = "WebSocket APIs take text only (AWS facts 5)"

KNOWN: Final = (
    Known("1.1.6 1.1.7 1.1.8", FAILED, (1009,), f"Frames of 64 KB. {LARGE}."),
    Known(
        "1.2.* 9.4.* 9.8.*",
        FAILED,
        (1003, 1009),
        f"Binary messages. {BINARY}; a frame above 32 KB is refused by its size before.",
    ),
    Known(
        "3.2 3.3 3.4 4.1.3 4.1.4 4.1.5 4.2.3 4.2.4 4.2.5 5.15",
        NON_STRICT,
        (1002,),
        "The suite would like to see the echo of a message that came right before the breach. An echo is the backend's answer to "
        "an HTTP request (AWS facts 1.1): the connection has been closed when it comes.",
    ),
    Known(
        "6.4.*",
        NON_STRICT,
        (1007,),
        "A text is looked at when its message is complete, not fragment by fragment. AWS publishes nothing of it.",
    ),
    Known("9.1.* 9.2.* 9.3.* 9.5.* 9.6.*", FAILED, (1009,), f"Messages of 64 KB to 16 MB. {LARGE}."),
    Known("12.2.* 12.3.* 12.5.*", FAILED, (1003, 1009), f"A picture, a book and a PDF as binary messages. {BINARY}."),
    Known(
        "12.*.9 12.*.10 13.*.9 13.*.10 12.*.17 12.*.18 13.*.17 13.*.18",
        FAILED,
        (1009,),
        "Single frames that hold more than 32 KB once they are decompressed. AWS publishes the limit (AWS facts 5), but not "
        "whether it is measured before or after; the emulator takes the stricter view.",
    ),
    Known(
        "12.4.8 12.4.15 12.4.16",
        FAILED,
        (1009,),
        f"32,768 and 131,072 characters that are more bytes than that. {LARGE}.",
    ),
)


def known(case: str) -> Known | None:
    """Why a case ends otherwise."""
    return next((each for each in KNOWN if each.names(case)), None)


def failures(outcomes: Mapping[str, Outcome]) -> list[str]:
    """A line for each case that neither passed nor ended as is known of it."""
    return [
        f"{case}: {outcome.verdict}, closed with {outcome.close_code}"
        for case, outcome in outcomes.items()
        if not _is_accounted_for(case, outcome)
    ]


def _is_accounted_for(case: str, outcome: Outcome) -> bool:
    reason = known(case)
    if outcome.verdict in PASSED:
        # Whether an echo comes in time is a matter of luck; a refusal is not.
        return reason is None or reason.verdict == NON_STRICT
    return reason is not None and outcome.verdict == reason.verdict and outcome.close_code in reason.codes
