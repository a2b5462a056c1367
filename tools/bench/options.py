"""How long and how large a run is."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """Sizes of a run. The quick ones show that everything works; only the full ones are figures."""

    rounds: int = 5
    seconds: float = 3.0
    """Of load, for each measurement."""
    many_rows: int = 1_000_000
    recipients: int = 10_000
    many_recipients: int = 100_000
    cap: int = 2_000
    """Posts a second of the server that throttles."""
    sockets: int = 2_000
    many_sockets: int = 10_000
    trials: int = 10
    quick: bool = False


FULL = Options()
QUICK = Options(
    rounds=2,
    seconds=0.5,
    many_rows=20_000,
    recipients=500,
    many_recipients=5_000,
    cap=500,
    sockets=200,
    many_sockets=500,
    trials=2,
    quick=True,
)
