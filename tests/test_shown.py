"""Whatever the documentation shows is carried out by somebody, or there is a reason why not."""

import ast
import json
import re
import shlex
import subprocess

import pytest

from tests import shown as tables
from tests.rendering import ROOT
from tests.shown import blocks_of, commands_of, every_page


@pytest.mark.parametrize("page", every_page())
def test_every_block_has_somebody_who_carries_it_out(page: str) -> None:
    """A story, or the test in the table."""
    languages = {block.language for block in blocks_of(page)} & set(tables.NEVER_SHOWN_ONLY)

    assert [name for name in languages if name not in tables.TOLD and (page, name) not in tables.CARRIED_OUT] == []


def test_every_command_is_run_or_has_its_reason() -> None:
    """One or the other."""
    commands = tables.shown_commands()

    assert [name for name in commands if name not in tables.COMMANDS and not tables.why_not_run(name)] == []
    assert [name for name in tables.COMMANDS if name not in commands or tables.why_not_run(name)] == []


def test_nothing_in_the_tables_is_out_of_date() -> None:
    """Each line is about something that a page still has."""
    commands = {
        command
        for page in every_page()
        for block in blocks_of(page, "sh", "console")
        for command in commands_of(block.text)
    }

    assert [entry for entry in tables.CARRIED_OUT if not blocks_of(*entry)] == []
    assert [what for what in tables.NOT_RUN if not any(re.fullmatch(what, name, re.DOTALL) for name in commands)] == []


@pytest.mark.parametrize("test", sorted({*tables.CARRIED_OUT.values(), *tables.COMMANDS.values()}))
def test_who_is_in_a_table_takes_what_it_is_given(test: str) -> None:
    """The test is there, and asks for the fixture `shown`, itself or through another one."""
    file, name, case = re.fullmatch(r"(\w+\.py)::(\w+)(?:\[(.*)\])?", test).groups()  # type: ignore[union-attr]
    source = (ROOT / "tests" / file).read_text(encoding="utf-8")
    asks = {
        node.name: {argument.arg for argument in node.args.args}
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
    }

    assert "shown" in asks[name].union(*(asks.get(fixture, set()) for fixture in asks[name]))
    assert case is None or f'"{case}"' in source


@pytest.mark.parametrize(
    "command",
    [command for page in every_page() for block in blocks_of(page, "console") for command in commands_of(block.text)],
    ids=lambda command: command[:40],
)
def test_a_command_that_is_shown_can_be_read(command: str) -> None:
    """By a shell; and JSON in it is JSON, as deep as it goes."""
    subprocess.run(["bash", "-n", "-c", command], check=True)
    for word in shlex.split(command):
        if word.startswith("{"):
            inner = json.loads(word).get("Input", "{}")
            assert isinstance(json.loads(inner), dict)


def test_packages_that_are_not_fetched_are_pinned() -> None:
    """So that the tests use what a reader would install."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    named = {command.split()[-1] for command in tables.shown_commands() if command.startswith("pip install")}

    assert named == {"cookiecutter", "cruft"}
    assert [name for name in named if not re.search(rf"^{name}==", lock, re.MULTILINE)] == []
