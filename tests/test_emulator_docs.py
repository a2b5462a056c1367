"""The emulator's page says what is so: its recipes are tests that run, its tables are the code's."""

import ast
import re

from tests.rendering import PROJECT, ROOT
from tests.shown import Block

PAGE = (ROOT / "docs" / "emulator.md").read_text(encoding="utf-8")
EMULATOR = ROOT / PROJECT / "emulator"


def test_recipes_are_run(shown: list[Block]) -> None:
    """Each Python block is part of the tested recipes, letter for letter."""
    recipes = (ROOT / PROJECT / "tests" / "emulator" / "test_recipes.py").read_text(encoding="utf-8")

    assert len(shown) >= 5
    assert [block.text for block in shown if block.text not in recipes] == []


def test_faults_are_listed() -> None:
    """Name, unit and sentence of each fault, and no other."""
    tree = ast.parse((EMULATOR / "faults.py").read_text(encoding="utf-8"))
    constants = {}
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            if isinstance(node.value, ast.Constant):
                constants[node.target.id] = node.value.value
            elif node.target.id == "FAULTS":
                table = node.value
    assert isinstance(table, ast.Dict)
    rows = []
    for key, value in zip(table.keys, table.values, strict=True):
        assert isinstance(key, ast.Constant)
        assert isinstance(value, ast.Call)
        sentence, _, unit = value.args[:3]
        assert isinstance(sentence, ast.Constant)
        assert isinstance(unit, ast.Name)
        rows.append(f"| `{key.value}` | {constants[unit.id]} | {sentence.value} |")

    assert (
        re.findall(r"^\| `[a-z-]+` \| .* \| .* \|$", PAGE.partition("## Faults")[2].partition("##")[0], re.MULTILINE)
        == rows
    )


def test_options_are_listed() -> None:
    """Each option of the command, and no other."""
    command = (ROOT / PROJECT / "gateway" / "management" / "commands" / "emulator.py").read_text(encoding="utf-8")

    assert re.findall(r"^\| `(--[a-z]+)`", PAGE, re.MULTILINE) == re.findall(r'"(--[a-z]+)"', command)
