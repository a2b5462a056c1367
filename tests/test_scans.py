"""What scanners look for in a generated project: nothing there is found, and what is planted is."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rendering import Renderer

SHELL = "import subprocess\n\n\ndef run(command: str) -> None:\n    subprocess.call(command, shell=True)\n"
KEY = 'AWS = "AKIA' + 'IOSFODNN7EXAMPLQ"\n'
WORKFLOW = (
    "on: pull_request_target\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: some/action@main\n"
)


@pytest.fixture(scope="module")
def clean(render: Renderer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh project, known to git."""
    project = render.fresh(tmp_path_factory.mktemp("scans"), use_celery=True, use_terraform=True)
    subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
    return project


@pytest.fixture
def project(clean: Path, tmp_path: Path) -> Path:
    """A copy to plant something in."""
    return Path(shutil.copytree(clean, tmp_path / "project"))


def scan(project: Path) -> subprocess.CompletedProcess[str]:
    """`make scan`, with the tools that are installed here."""
    subprocess.run(["git", "add", "--all"], cwd=project, check=True)
    command = ["make", "scan", "--assume-old=dev", f"BIN={Path(sys.executable).parent}"]
    return subprocess.run(
        command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


def test_a_fresh_project_is_clean(project: Path) -> None:
    """So whatever is found later was put there."""
    done = scan(project)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("path", "text", "finding"),
    [
        pytest.param("gateway/planted.py", SHELL, "B602", id="code"),
        pytest.param(".github/workflows/planted.yml", WORKFLOW, "dangerous-triggers", id="workflow"),
        pytest.param("realtime/keys.txt", KEY, "AWS Access Key", id="secret"),
    ],
)
def test_what_is_planted_is_found(project: Path, path: str, text: str, finding: str) -> None:
    """By the scanner whose affair it is; what a secret is stays untold."""
    (project / path).write_text(text, encoding="utf-8")

    done = scan(project)

    assert done.returncode != 0
    assert finding in done.stdout
    assert KEY.strip() not in done.stdout
