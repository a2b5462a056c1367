"""The numbers behind the lines of the page "Realtime"."""

import pytest

from gateway.admin.charts import COLOURS, HEIGHT, OTHERS, chart, round_up


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


def test_what_is_missing_from_a_sample_has_ended() -> None:
    """The last connection of a gateway is gone: others were sampled in that minute, and it was not."""
    steady = chart("t", "u", {"a": {8: 5.0}, "b": {8: 1.0, 9: 1.0}}, end=10, minutes=3, steady=True)

    assert {line.label: line.latest for line in steady.lines} == {"a": 0.0, "b": 1.0}


def test_what_is_usual_comes_first_then_what_is_frequent() -> None:
    """The first colour always means that all is well."""
    values = {"rate_limited": {9: 50.0}, "token_invalid": {9: 70.0}, "accepted": {9: 1.0}}

    lines = chart("t", "u", values, end=10, minutes=3).lines

    assert [line.label for line in lines] == ["accepted", "token_invalid", "rate_limited"]
    assert lines[0].colour == COLOURS[0]


def test_more_lines_than_colours_share_one() -> None:
    """Two lines of one colour could not be told apart."""
    values = {f"code{number}": {9: 100.0 - number} for number in range(12)}

    lines = chart("t", "u", values, end=10, minutes=3).lines

    assert [line.label for line in lines] == [*(f"code{number}" for number in range(7)), OTHERS]
    assert lines[-1].total == sum(100 - number for number in range(7, 12))


def test_the_axis_says_when() -> None:
    """To compare with the lines of a log."""
    assert chart("t", "u", {"a": {10: 1.0}}, end=12 * 60, minutes=61).times == ("11:00", "11:30", "12:00 UTC")


def test_nothing_gives_no_line() -> None:
    """The page then says so."""
    assert chart("t", "u", {}, end=10, minutes=3).lines == ()
