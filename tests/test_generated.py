"""What the template generates passes its own checks, whatever was chosen.

The packages are those of this repository's environment, which are the ones that projects pin (`test_repository.py`), so that
nothing is installed for each. `setup_now` does not change a file (`test_render.py`) and is left out.
"""

import itertools
import os
import sys
from pathlib import Path

import pytest

from tests.children import run_to_the_end
from tests.rendering import ROOT, Renderer

OPTIONS = ("use_terraform", "use_celery")
COMBINATIONS = [dict(zip(OPTIONS, values, strict=True)) for values in itertools.product([False, True], repeat=2)]
FOREIGN = ("DATABASE_URL", "DJANGO_", "WEBSOCKET_", "AWS_", "PYTHONPATH", "CELERY_")

FOLDERS = ("conformance", "emulator", "gateway/fuzz", "gateway/live", "journeys")
PATIENT = (
    *(f"gateway/messaging/test_{name}.py" for name in ("million", "guarantees", "killed", "celery", "processes")),
    *(f"gateway/provisioning/test_{name}.py" for name in ("custom_domain", "resume", "locks")),
)
"""Tests that kill what they started, or send to very many."""
SUITES = ["tests", *(f"--ignore=tests/{name}" for name in (*FOLDERS, *PATIENT))]
"""All but the long ones that no answer can reach: byte for byte the same in every project, they run where they stand."""

SUITE_SECONDS = 900
"""What takes longer has hung, on however slow a machine: each test inside has a limit of its own."""

CHECKS = {
    "lint": ["-m", "ruff", "check", "."],
    "layout": ["-m", "ruff", "format", "--check", "."],
    "types": ["-m", "mypy"],
    "imports": [
        "-c",
        "import sys; from importlinter.cli import lint_imports_command as run; sys.exit(run(['--no-cache']))",
    ],
    "migrations": ["manage.py", "makemigrations", "--check", "--dry-run", "--settings", "tests.settings"],
}

PYTEST = ("-m", "pytest", "-q", "-n", "2", "--dist", "loadfile")
REACH = {
    "use_terraform": ("config", "gateway/management", "gateway/provisioning", "realtime"),
    "use_celery": (
        "config",
        "gateway/management",
        "gateway/messaging",
        "gateway/monitoring",
        "gateway/test_tasks.py",
        "realtime",
    ),
}
"""The tests of what an answer changes, run where it is given alone. With neither, the whole suite is run here; with both, what an
interpreter or a Django can change is run in fresh environments (`test_matrix.py`)."""


def python(project: Path, *arguments: str, interpreter: Path = Path(sys.executable)) -> None:
    """Run a Python in `project`, with nothing of this repository's or the caller's set-up; fail with what it said."""
    cache = ROOT / "build" / "cache" / "generated"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)} | {
        "PYTHONPYCACHEPREFIX": str(cache / "pycache"),
        "MYPY_CACHE_DIR": str(cache / "mypy"),  # projects differ in few files, so one cache serves them all
        "RUFF_CACHE_DIR": str(cache / "ruff"),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(cache / "hypothesis"),
    }
    done = run_to_the_end([interpreter, *arguments], cwd=project, env=environment, seconds=SUITE_SECONDS)
    assert done.returncode == 0, done.output
    assert done.left_behind == [], done.output


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize(
    "answers", COMBINATIONS, ids=lambda answers: "+".join(n for n, v in answers.items() if v) or "neither"
)
def test_every_combination_passes_its_own_checks(render: Renderer, answers: dict[str, bool], check: str) -> None:
    """Lint, types, import rules and migrations."""
    python(render(**answers), *CHECKS[check])


def test_the_suite_of_the_default_answers_passes(render: Renderer) -> None:
    python(render(), *PYTEST, *SUITES)


@pytest.mark.parametrize("option", OPTIONS)
def test_the_tests_of_what_an_answer_changes_pass(render: Renderer, option: str) -> None:
    reached = (f"tests/{name}" for name in REACH[option])
    python(render(**{option: True}), *PYTEST, *reached, *(word for word in SUITES if word.startswith("--ignore")))


@pytest.mark.parametrize(
    "routes",
    ["", "ping", "fetch_history", ", ".join(f"route_{number}" for number in range(20)), "a" * 64],
    ids=["none", "one", "history", "twenty", "long"],
)
@pytest.mark.parametrize("check", ["lint", "layout", "types"])
def test_other_routes_pass_the_checks(render: Renderer, routes: str, check: str) -> None:
    """The rendered modules are as tidy as the rest, however many handlers they hold and whatever these are called."""
    python(render(routes=routes), *CHECKS[check])


def test_handlers_may_do_without_annotations(render: Renderer, tmp_path: Path) -> None:
    """As most of Django's users write them."""
    project = render.fresh(tmp_path)
    with (project / "realtime" / "views.py").open("a", encoding="utf-8") as views:
        views.write(
            "\n    @handler\n    def vote(self, request, *args, **kwargs):\n        return {'choice': self.body['choice']}\n"
        )

    python(project, *CHECKS["types"])


@pytest.mark.parametrize("routes", ["", "ping", "fetch_history", ", ".join(f"route_{n}" for n in range(20))])
def test_other_routes_have_tests_that_pass(render: Renderer, routes: str) -> None:
    """Each route that was asked for comes with a test of its own."""
    python(render(routes=routes), "-m", "pytest", "-q", "tests/realtime")
