"""The page on the Autobahn test suite says what `make autobahn` holds the emulator to."""

import sys

import pytest

from tests.rendering import ROOT

sys.path.append(str(ROOT / "tools"))

from wstest.tables import exceptions, written
from wstest.verdicts import Outcome, failures


def test_the_page_has_the_exceptions() -> None:
    """Each known exception with its reason, as the table that is checked has them."""
    assert written("exceptions") == exceptions()


def test_the_page_has_every_case() -> None:
    """The figures of the groups add up to those of the whole suite."""
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in written("groups").splitlines()[2:]]
    *groups, everything = [[int(cell) for cell in row[2:]] for row in rows]

    assert [sum(column) for column in zip(*groups, strict=True)] == everything
    assert everything[0] == sum(everything[1:]) > 500


@pytest.mark.parametrize(
    ("case", "outcome", "fails"),
    [
        ("7.1.1", Outcome("OK", 1000), False),
        ("7.1.6", Outcome("INFORMATIONAL", 1009), False),
        ("7.1.1", Outcome("FAILED", 1006), True),
        ("1.2.1", Outcome("FAILED", 1003), False),
        ("1.2.1", Outcome("FAILED", 1006), True),
        ("1.2.1", Outcome("OK", 1000), True),
        ("3.2", Outcome("NON-STRICT", 1002), False),
        ("3.2", Outcome("OK", 1002), False),
        ("3.2", Outcome("FAILED", None), True),
    ],
)
def test_what_counts_as_a_failure(case: str, outcome: Outcome, fails: bool) -> None:
    """A case passes, or ends as is known of it; an exception that holds no longer is told as well."""
    assert bool(failures({case: outcome})) is fails
