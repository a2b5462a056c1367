"""The generated project on every Python it promises, with the Django it pins and with the newest, in fresh environments.

A Python that this machine lacks is another machine's affair; the workflow has them all.
"""

import os
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interpreters import RUNNING, UV, VERSIONS, environment, interpreter, with_uv
from tests.rendering import Renderer
from tests.shown import Block
from tests.test_generated import PATIENT, PYTEST, python

NEWEST_DJANGO_NEEDS = (3, 12)
WARNINGS = ["-W", "error::DeprecationWarning", "-W", "error::PendingDeprecationWarning"]
ELSEWHERE = (
    "client",
    "journeys",
    "gateway/fuzz",
    "gateway/live",
    "gateway/provisioning",
    "conformance",
    "emulator",
    *PATIENT,
)
"""Left out: no browser, no fuzzer and no plan for AWS cares which Django it is, and the emulator knows none (`make imports` sees to
that). The workflow runs all of them where they stand, on every Python."""


@dataclass(frozen=True)
class Cell:
    """One Python and one Django."""

    version: str
    django: str

    def __str__(self) -> str:
        return f"Python {self.version}, {self.django} Django"


CELLS = [
    Cell(version, django)
    for version in VERSIONS
    for django in ("pinned", "newest")
    if django == "pinned" or tuple(map(int, version.split("."))) >= NEWEST_DJANGO_NEEDS
]


@pytest.fixture(scope="module")
def project(render: Renderer) -> Path:
    """With everything in it."""
    return render(use_celery=True, use_terraform=True)


@pytest.fixture(params=CELLS, ids=str, scope="module")
def cell(request: pytest.FixtureRequest) -> Cell:
    wanted: Cell = request.param
    if interpreter(wanted.version) is None:
        pytest.skip(f"for another machine: there is no Python {wanted.version}")
    return wanted


@pytest.fixture(scope="module")
def interpreter_of_cell(project: Path, cell: Cell) -> Path:
    """The Python of an environment with everything that the project's lock files pin."""
    return environment(project, cell.version, newest_django=cell.django == "newest")


def test_what_is_installed_fits_together(interpreter_of_cell: Path, cell: Cell) -> None:
    """Nothing is missing on this Python, and the Django is the one that was asked for."""
    check = subprocess.run(
        [UV, "pip", "check", "--python", interpreter_of_cell], capture_output=True, text=True, check=False
    )
    shown = subprocess.run(
        [interpreter_of_cell, "-c", "import django; print(django.VERSION[:2] == (5, 2))"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert check.returncode == 0, check.stderr
    assert shown.stdout.strip() == str(cell.django == "pinned")


def test_the_generated_suite_passes(project: Path, interpreter_of_cell: Path) -> None:
    """Without a warning that something is going away."""
    left_out = [f"--ignore=tests/{name}" for name in ELSEWHERE]

    python(project, *PYTEST, *WARNINGS, "tests", *left_out, interpreter=interpreter_of_cell)


def test_the_bound_of_django_can_be_lifted(render: Renderer, tmp_path: Path, shown: list[Block]) -> None:
    """As docs/keep-up.md says: each Python then gets the newest release that runs on it."""
    project = render.fresh(tmp_path)
    change, command = shown
    before, after = (line[1:] + "\n" for line in change.text.splitlines())
    text = (project / "pyproject.toml").read_text(encoding="utf-8")
    assert before in text
    (project / "pyproject.toml").write_text(text.replace(before, after), encoding="utf-8")

    lock = subprocess.run(
        shlex.split(command.text),
        cwd=project,
        env=os.environ | with_uv(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert lock.returncode == 0, lock.stderr
    for name in ("requirements.txt", "requirements-dev.txt"):
        pins = (project / name).read_text(encoding="utf-8")
        assert re.search(r"^django==5\.2\.\d+ ; python_full_version < '3.12' ", pins, re.MULTILINE)
        assert re.search(r"^django==[6-9]\S+ ; python_full_version >= '3.12' ", pins, re.MULTILINE)


def test_the_python_of_this_machine_is_among_them() -> None:
    """Otherwise everything here would be left to others."""
    assert RUNNING in VERSIONS
