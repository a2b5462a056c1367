"""Line charts as plain numbers: the template draws them as SVG, without a script and without a service."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

WIDTH, HEIGHT = 560, 160
COLOURS = ("#1f77b4", "#d97706", "#2e8b57", "#b5308a", "#7c5cd6", "#8a6d3b", "#0f9aa8", "#c0392b")
SMALLEST_MAXIMUM = 5.0
USUAL = ("accepted", "issued", "handled", "sent")
"""What happens when all is well: the first line, and always of the first colour."""
OTHERS = "others"

Rows = Mapping[str, Mapping[int, float]]
"""Values by label and minute."""


@dataclass(frozen=True, slots=True)
class Line:
    """`points` is the value of an SVG polyline's attribute of that name."""

    label: str
    colour: str
    points: str
    latest: float
    most: float
    total: float


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture: its lines share an upper end that is a round number. `times` are those of its left end, middle and right end."""

    title: str
    unit: str
    lines: tuple[Line, ...]
    maximum: float
    times: tuple[str, str, str]
    steady: bool


def chart(title: str, unit: str, values: Rows, *, end: int, minutes: int, steady: bool = False) -> Chart:
    """Draws `values` for `minutes` up to and including the minute `end`.

    A minute without a value is 0 for what happens by the minute. What is `steady`, such as open connections, is sampled: a minute
    that nobody sampled shows the sample before it.
    """
    shown = range(end - minutes + 1, end + 1)
    sampled = {minute for row in values.values() for minute in row} if steady else set(shown)
    by_label = {label: _filled(row, shown, sampled) for label, row in _foremost(values).items()}
    maximum = round_up(max((max(row) for row in by_label.values()), default=0.0))
    lines = tuple(
        Line(label, COLOURS[place], _points(row, maximum), row[-1], max(row), sum(row))
        for place, (label, row) in enumerate(by_label.items())
    )
    return Chart(title, unit, lines, maximum, _times(shown), steady)


def round_up(value: float) -> float:
    """The next of 5, 10, 20, 50, 100 ... that is not smaller."""
    bound = SMALLEST_MAXIMUM
    steps = (2.0, 2.0, 2.5)
    place = 0
    while bound < value:
        bound *= steps[place % 3]
        place += 1
    return bound


def _foremost(values: Rows) -> dict[str, Mapping[int, float]]:
    """As many lines as there are colours: what is usual, then the largest, and the rest as one."""
    ordered = sorted(values, key=lambda label: (label not in USUAL, -sum(values[label].values()), label))
    kept = {label: values[label] for label in ordered[: len(COLOURS)]}
    if len(ordered) > len(COLOURS):
        kept.popitem()
        kept[OTHERS] = summed(values[label] for label in ordered[len(COLOURS) - 1 :])
    return kept


def summed(rows: Iterable[Mapping[int, float]]) -> dict[int, float]:
    """Minute by minute."""
    total: dict[int, float] = {}
    for row in rows:
        for minute, value in row.items():
            total[minute] = total.get(minute, 0.0) + value
    return total


def _filled(row: Mapping[int, float], shown: range, sampled: set[int]) -> list[float]:
    values: list[float] = []
    for minute in shown:
        unsampled = values[-1] if values and minute not in sampled else 0.0
        values.append(row.get(minute, unsampled))
    return values


def _points(row: list[float], maximum: float) -> str:
    step = WIDTH / max(len(row) - 1, 1)
    return " ".join(f"{place * step:.1f},{HEIGHT - value / maximum * HEIGHT:.1f}" for place, value in enumerate(row))


def _times(shown: range) -> tuple[str, str, str]:
    first, middle, last = (
        datetime.fromtimestamp(minute * 60, UTC).strftime("%H:%M")
        for minute in (shown[0], shown[len(shown) // 2], shown[-1])
    )
    return first, middle, f"{last} UTC"
