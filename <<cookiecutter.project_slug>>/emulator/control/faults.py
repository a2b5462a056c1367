"""Failures on demand: which calls fail, how, and whether they take effect all the same."""

import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from emulator.control.errors import AccessDeniedError, ConflictError, ControlPlaneError, InternalError, ThrottledError


class FaultKind(StrEnum):
    """How a call fails."""

    THROTTLE = "throttle"
    """429, as above ten calls a second."""
    CONFLICT = "conflict"
    """409, as when another change of the API is under way."""
    DENY = "deny"
    """403, as without the IAM permission."""
    BREAK = "break"
    """500, as when AWS has trouble."""
    DROP = "drop"
    """The connection ends without an answer."""


_ERRORS: Final[dict[FaultKind, tuple[type[ControlPlaneError], str]]] = {
    FaultKind.THROTTLE: (ThrottledError, "Too Many Requests"),
    FaultKind.CONFLICT: (
        ConflictError,
        "Unable to complete operation due to concurrent modification. Please try again later.",
    ),
    FaultKind.DENY: (AccessDeniedError, "User is not authorized to perform this operation"),
    FaultKind.BREAK: (InternalError, "Internal server error"),
}


@dataclass(kw_only=True)
class ControlFault:
    """One rule. Without `on_call`, `from_call` and `every` it hits each call; `times` says how often at most (None: always)."""

    kind: FaultKind
    times: int | None = None
    on_call: int | None = None
    """Only the call of this number, counted from 1 since `clear`."""
    from_call: int | None = None
    """Only the call of this number and later ones: what a caller that was killed there never got to do."""
    every: int | None = None
    """Only each call whose number is divisible by this."""
    after: bool = False
    """Whether the call takes effect before it fails."""
    operations: Collection[str] = ()
    """Only these operations ("CreateRoute"); none named: all."""

    def error(self) -> ControlPlaneError | None:
        """What the caller is told; None if it gets no answer at all."""
        if self.kind is FaultKind.DROP:
            return None
        error, message = _ERRORS[self.kind]
        return error(message)

    def hits(self, number: int, operation: str) -> bool:
        """Whether the rule applies to the call of this number."""
        return (
            self.times != 0
            and (not self.operations or operation in self.operations)
            and (self.on_call is None or self.on_call == number)
            and (self.from_call is None or self.from_call <= number)
            and (self.every is None or number % self.every == 0)
        )


@dataclass
class ControlFaults:
    """The rules in force, to be changed from any thread while the server runs."""

    refused_sources: Collection[str] = ()
    """Mapping sources to refuse. Whether AWS takes `context.disconnectReason` on a mapping is not settled."""
    calls: int = 0
    """How many calls came in since `clear`."""
    _rules: list[ControlFault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, *rules: ControlFault) -> None:
        """Puts rules in force. Of several that hit one call, the one added first wins."""
        with self._lock:
            self._rules.extend(rules)

    def clear(self) -> None:
        """Ends all rules and counts calls from 1 again."""
        with self._lock:
            self._rules.clear()
            self.calls = 0

    def next(self, operation: str) -> ControlFault | None:
        """Counts a call and says which rule it falls under."""
        with self._lock:
            self.calls += 1
            rule = next((rule for rule in self._rules if rule.hits(self.calls, operation)), None)
            if rule and rule.times is not None:
                rule.times -= 1
            return rule
