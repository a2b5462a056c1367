"""Line charts as plain numbers: the template draws them as SVG, without a script and without a service."""

from collections.abc import Mapping
from dataclasses import dataclass

WIDTH, HEIGHT = 560, 160
COLOURS = ("#1f77b4", "#d97706", "#2e8b57", "#b5308a", "#7c5cd6", "#8a6d3b", "#0f9aa8", "#c0392b")
SMALLEST_MAXIMUM = 5.0


@dataclass(frozen=True, slots=True)
class Line:
    """`points` is the value of an SVG polyline's attribute of that name."""

    label: str
    colour: str
    points: str
    latest: float
    total: float


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture: its lines share an upper end that is a round number."""

    title: str
    unit: str
    lines: tuple[Line, ...]
    maximum: float
    minutes: int


def chart(
    title: str, unit: str, values: Mapping[str, Mapping[int, float]], *, end: int, minutes: int, steady: bool = False
) -> Chart:
    """Draws `values` (by label and minute) for the `minutes` before `end`.

    A minute without a value is 0 for what happens by the minute, and the value before it for what is `steady`, such as open
    connections.
    """
    by_label = {label: _filled(row, end=end, minutes=minutes, steady=steady) for label, row in sorted(values.items())}
    maximum = round_up(max((max(row) for row in by_label.values()), default=0.0))
    lines = tuple(
        Line(label or "all", COLOURS[place % len(COLOURS)], _points(row, maximum), row[-1], sum(row))
        for place, (label, row) in enumerate(by_label.items())
    )
    return Chart(title, unit, lines, maximum, minutes)


def round_up(value: float) -> float:
    """The next of 5, 10, 20, 50, 100 ... that is not smaller."""
    bound = SMALLEST_MAXIMUM
    steps = (2.0, 2.0, 2.5)
    place = 0
    while bound < value:
        bound *= steps[place % 3]
        place += 1
    return bound


def _filled(row: Mapping[int, float], *, end: int, minutes: int, steady: bool) -> list[float]:
    values: list[float] = []
    for minute in range(end - minutes + 1, end + 1):
        before = values[-1] if values and steady else 0.0
        values.append(row.get(minute, before))
    return values


def _points(row: list[float], maximum: float) -> str:
    step = WIDTH / max(len(row) - 1, 1)
    return " ".join(f"{place * step:.1f},{HEIGHT - value / maximum * HEIGHT:.1f}" for place, value in enumerate(row))
