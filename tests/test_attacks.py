"""The table of attacks: long enough, and every test that it names exists."""

import ast
import re
from pathlib import Path

from tests.rendering import PROJECT, ROOT

ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+) \|$", re.MULTILINE)
NAME = re.compile(r"`([\w/]+\.py)::([\w:]+)(?:\[(.+?)\])?`")
REFUSALS = ROOT / PROJECT / "tests" / "gateway" / "guards"


def rows() -> list[tuple[str, ...]]:
    return ROW.findall((ROOT / "docs" / "attacks.md").read_text(encoding="utf-8"))


def path_of(name: str) -> Path:
    """Where a test of the table is."""
    own = name.removeprefix("template/")
    return ROOT / ("tests" if own != name else f"{PROJECT}/tests") / own


def names_in(path: Path) -> set[str]:
    """`test_name` and `TestClass::test_name`, as pytest would call them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for group in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        found |= {f"{group.name}::{node.name}" for node in group.body if isinstance(node, ast.FunctionDef)}
    return found


def refusals() -> set[str]:
    """The cases of `test_refusal`, by the ids that pytest gives them."""
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(REFUSALS.glob("*.py")))
    cases = re.findall(r'row\("(\w+)", "(.+?)"', text)
    cases += [("body_not_json", what) for what in re.findall(r'^_not_json\(.+, "(.+?)"\)$', text, re.MULTILINE)]
    cases += [("handler_unknown", what) for what in re.findall(r'^_no_handler\(.+, "(.+?)"\)$', text, re.MULTILINE)]
    return {f"{code}: {what}".replace(" ", "-") for code, what in cases}


def test_there_are_many() -> None:
    """Numbered from 1 on without a gap, and none is told twice."""
    numbers, attacks = [int(row[0]) for row in rows()], {row[1] for row in rows()}

    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) == len(attacks) >= 30


def test_every_attack_is_tested() -> None:
    """Each row names tests, each name is that of a test, and each id that of a case."""
    named = {row[0]: NAME.findall(row[3]) for row in rows()}

    assert [number for number, tests in named.items() if not tests] == []
    everything = [test for tests in named.values() for test in tests]
    assert [(file, name) for file, name, _ in everything if name not in names_in(path_of(file))] == []
    assert {case for _, _, case in everything if case} - refusals() == set()


def test_nothing_else_is_named() -> None:
    """A name that is written in another way would not be checked."""
    for row in rows():
        assert NAME.sub("", row[3]).replace(",", "").strip() == "", row[0]
