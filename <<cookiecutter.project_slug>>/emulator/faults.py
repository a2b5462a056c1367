"""Faults by name: what goes wrong on purpose, from tests, the command line and the inspector."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final


class UnknownFaultError(ValueError):
    """There is no fault of that name, or its value is not a number in range. The text lists what there is."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What a fault does, its value when none is given, and what the value means."""

    sentence: str
    default: float
    unit: str
    maximum: float = float("inf")


SHARE: Final = "share from 0 to 1"
SECONDS: Final = "seconds"
STATUS: Final = "HTTP status"

FAULTS: Final[dict[str, Fault]] = {
    "lose-disconnect": Fault("A share of the $disconnect events is never delivered.", 1.0, SHARE, 1.0),
    "delay-disconnect": Fault("$disconnect comes late.", 5.0, SECONDS),
    "duplicate-disconnect": Fault("A share of the $disconnect events comes twice.", 1.0, SHARE, 1.0),
    "refuse-connects": Fault("Handshakes are refused with this status.", 429, STATUS, 599),
    "slow-integration": Fault("Every backend call starts late.", 1.0, SECONDS),
    "hang-integration": Fault("A share of the backend calls is never made and times out.", 1.0, SHARE, 1.0),
    "reset-connections": Fault("A share of the messages cuts its connection instead of arriving.", 1.0, SHARE, 1.0),
    "reorder-messages": Fault(
        "A message waits so long for the next one of its connection to overtake it.", 0.2, SECONDS
    ),
    "throttle-posts": Fault("A share of the calls to @connections is answered with 429.", 1.0, SHARE, 1.0),
    "fail-posts": Fault("Calls to @connections are answered with this status.", 500, STATUS, 599),
    "late-gone": Fault("A closed connection goes on accepting posts for so long.", 5.0, SECONDS),
    "hang-post-during-connect": Fault("A post during $connect hangs so long instead of answering 410.", 30.0, SECONDS),
}


class Faults:
    """The faults that are on. Shares are drawn from a random source that a test may seed."""

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        self._chance = chance
        self._on: dict[str, float] = {}

    def turn_on(self, name: str, value: float | None = None) -> None:
        """Raises UnknownFaultError."""
        fault = _known(name)
        value = fault.default if value is None else float(value)
        if not 0 <= value <= fault.maximum:
            raise UnknownFaultError(f"{name}: {value:g} is not a {fault.unit}.")
        self._on[name] = value

    def turn_off(self, name: str) -> None:
        """Raises UnknownFaultError; harmless when the fault is not on."""
        _known(name)
        self._on.pop(name, None)

    def clear(self) -> None:
        """Everything works again."""
        self._on.clear()

    def active(self) -> dict[str, float]:
        """The faults that are on, with their values."""
        return dict(self._on)

    def value(self, name: str) -> float | None:
        """The value of a fault that is on, else None."""
        return self._on.get(name)

    def strikes(self, name: str) -> bool:
        """Whether a fault with a share strikes this time."""
        share = self._on.get(name)
        return share is not None and self._chance() < share


def parse_fault(text: str) -> tuple[str, float | None]:
    """`NAME` or `NAME=VALUE`, as on the command line. Raises UnknownFaultError."""
    name, given, value = text.partition("=")
    _known(name)
    if not given:
        return name, None
    try:
        return name, float(value)
    except ValueError:
        raise UnknownFaultError(f"{name}: {value!r} is not a number.") from None


def _known(name: str) -> Fault:
    if name not in FAULTS:
        raise UnknownFaultError(f"There is no fault {name!r}. The faults are: {', '.join(FAULTS)}.")
    return FAULTS[name]
