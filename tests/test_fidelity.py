"""The fidelity table is no story: its rows are numbered, and every test that it names exists."""

import re
from pathlib import Path

from tests.rendering import PROJECT, ROOT

ROW = re.compile(r"^\| (\d+) \| (.+) \| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r'^def (test_[a-z0-9_]+)\(.*?\) -> None:\n    """(.*?)"""', re.MULTILINE | re.DOTALL)
ROWS = re.compile(r"Rows? \d+(?:(?:, | and )\d+)*")
NAME = re.compile(r"`([a-z_/]+)::(test_[a-z0-9_]+)`")


def rows() -> list[tuple[str, ...]]:
    return ROW.findall((ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8"))


def has_test(module: str, name: str) -> bool:
    folder, _, file = module.rpartition("/")
    path: Path = ROOT / PROJECT / "tests" / "emulator" / folder / f"test_{file}.py"
    return path.is_file() and re.search(rf"^def {name}\(", path.read_text(encoding="utf-8"), re.MULTILINE) is not None


def test_rows_are_numbered() -> None:
    """From 1 on, without a gap; at least eighty behaviours."""
    numbers = [int(row[0]) for row in rows()]

    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 80


def test_every_row_is_tested() -> None:
    """Each row names at least one test, and each name is that of a test."""
    named = {row[0]: NAME.findall(row[4]) for row in rows()}

    assert [number for number, tests in named.items() if not tests] == []
    assert [test for tests in named.values() for test in tests if not has_test(*test)] == []


def test_every_switch_has_a_row() -> None:
    """And no row names one that is not there; nor a fault."""
    source = {
        name: (ROOT / PROJECT / "emulator" / f"{name}.py").read_text(encoding="utf-8")
        for name in ("switches", "faults")
    }
    sides = " ".join(row[3] for row in rows())

    after = " ".join(re.findall(r"switch(?:es)? (`\w+`(?: and `\w+`)*)", sides))
    named = set(re.findall(r"\w+(?=`)", after))
    assert named == set(re.findall(r"^    (\w+): \w+ =", source["switches"], re.MULTILINE))
    assert set(re.findall(r"fault `([a-z-]+)`", sides)) <= set(
        re.findall(r'^    "([a-z-]+)": ', source["faults"], re.MULTILINE)
    )


def test_what_is_unsettled_says_what_is_done() -> None:
    """Never just "the same": nobody knows what that would be. Where it is, something else in the row is settled."""
    assert [row[0] for row in rows() if row[2] == "unsettled" and row[3] == "the same"] == []


def test_conformance_names_its_rows() -> None:
    """Each behaviour that is shown against AWS as well says which rows it is about, and they exist."""
    numbers = {int(row[0]) for row in rows()}
    unnamed, unknown = [], []
    for path in sorted((ROOT / PROJECT / "tests" / "conformance").glob("test_*.py")):
        for name, sentence in TEST.findall(path.read_text(encoding="utf-8")):
            named = ROWS.match(sentence)
            if named is None:
                unnamed.append(f"{path.name}::{name}")
            elif not {int(number) for number in re.findall(r"\d+", named[0])} <= numbers:
                unknown.append(f"{path.name}::{name}")

    assert unnamed == []
    assert unknown == []
