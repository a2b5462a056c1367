"""What a run measured, against what was promised."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A promise: the median must be at least, or at most, a value; or every sample exactly it."""

    rule: str
    value: float

    def met_by(self, samples: Sequence[float]) -> bool:
        """Whether these samples keep the promise."""
        if self.rule == "=":
            return all(sample == self.value for sample in samples)
        median = statistics.median(samples)
        return median >= self.value if self.rule == ">=" else median <= self.value

    def __str__(self) -> str:
        return f"{self.rule} {self.value:g}"


def at_least(value: float) -> Target:
    """The median must reach it."""
    return Target(rule=">=", value=value)


def at_most(value: float) -> Target:
    """The median must not exceed it."""
    return Target(rule="<=", value=value)


def exactly(value: float) -> Target:
    """Every sample must be it."""
    return Target(rule="=", value=value)


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One line of the report: one sample a round, usually a ratio formed within the round. Without a target it only informs."""

    part: str
    name: str
    samples: tuple[float, ...]
    unit: str = "x"
    target: Target | None = None

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return statistics.median(self.samples)

    @property
    def verdict(self) -> str:
        """Whether the target is met."""
        if self.target is None:
            return "-"
        return "met" if self.target.met_by(self.samples) else "MISSED"

    def as_json(self) -> dict[str, Any]:
        """For the result file."""
        return asdict(self) | {"median": self.median, "verdict": self.verdict}

    def cells(self) -> list[str]:
        """For a table."""
        spread = f"{number(min(self.samples))} - {number(max(self.samples))}" if len(self.samples) > 1 else ""
        target = str(self.target) if self.target else ""
        return [self.name, f"{number(self.median)} {self.unit}", spread, target, self.verdict]


@dataclass(slots=True)
class Measurements:
    """All that one part of a run produced."""

    part: str
    figures: list[Figure] = field(default_factory=list)
    absolutes: list[dict[str, Any]] = field(default_factory=list)
    """One object for each thing measured: which, in which round, what it did and cost."""

    def record(self, subject: str, round_number: int, **values: Any) -> dict[str, Any]:
        """Keep what was measured; returns it."""
        row = {"subject": subject, "round": round_number, **values}
        self.absolutes.append(row)
        return row

    def samples(self, subject: str, key: str) -> list[float]:
        """One value of a subject, in the order of the rounds."""
        return [float(row[key]) for row in self.absolutes if row["subject"] == subject]

    def ratio(self, name: str, key: str, subject: str, to: str, target: Target | None = None) -> None:
        """Add the figure `subject` / `to`, formed within each round."""
        pairs = zip(self.samples(subject, key), self.samples(to, key), strict=True)
        self.add(name, [ours / theirs for ours, theirs in pairs], target)

    def add(self, name: str, samples: Sequence[float], target: Target | None = None, *, unit: str = "x") -> None:
        """Add a figure."""
        self.figures.append(Figure(part=self.part, name=name, samples=tuple(samples), target=target, unit=unit))


def number(value: float) -> str:
    """Three significant digits, and thousands as such."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table that is also readable on a terminal."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"

    return "\n".join([line(header), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(line, rows)])


def figure_table(figures: Sequence[Figure]) -> str:
    """The figures of one part."""
    return table(["figure", "median", "min - max", "target", ""], [figure.cells() for figure in figures])


def absolute_table(measurements: Measurements) -> str:
    """Medians of everything measured: which numbers the ratios were formed of."""
    subjects = list(dict.fromkeys(row["subject"] for row in measurements.absolutes))
    blocks: dict[tuple[str, ...], list[list[str]]] = {}
    for subject in subjects:
        rows = [row for row in measurements.absolutes if row["subject"] == subject]
        keys = tuple(key for key, value in rows[0].items() if isinstance(value, int | float) and key != "round")
        medians = [number(statistics.median(float(row[key]) for row in rows)) for key in keys]
        blocks.setdefault(keys, []).append([subject, *medians])
    return "\n\n".join(table(["measured (medians)", *keys], rows) for keys, rows in blocks.items())
