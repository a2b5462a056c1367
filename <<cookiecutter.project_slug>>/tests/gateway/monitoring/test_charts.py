"""The numbers behind the lines of the page "Realtime"."""

import pytest

from gateway.admin.charts import HEIGHT, chart, round_up


@pytest.mark.parametrize(("value", "expected"), [(0, 5), (5, 5), (6, 10), (11, 20), (21, 50), (99, 100), (101, 200)])
def test_the_axis_ends_at_a_round_number(value: float, expected: float) -> None:
    """Five, ten, twenty, fifty, and so on."""
    assert round_up(value) == expected


def test_a_minute_without_a_value_is_nothing() -> None:
    """What happens by the minute did not happen in that minute."""
    line = chart("t", "u", {"a": {8: 5.0}}, end=10, minutes=3).lines[0]

    assert line.points == f"0.0,0.0 280.0,{HEIGHT:.1f} 560.0,{HEIGHT:.1f}"
    assert (line.latest, line.total) == (0.0, 5.0)


def test_what_is_steady_stays_as_it_was() -> None:
    """Open connections do not close because nobody sampled them."""
    line = chart("t", "u", {"a": {8: 5.0}}, end=10, minutes=3, steady=True).lines[0]

    assert line.latest == 5.0


def test_nothing_gives_no_line() -> None:
    """The page then says so."""
    assert chart("t", "u", {}, end=10, minutes=3).lines == ()
