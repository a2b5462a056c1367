"""`manage.py add_route` in a generated project: everything a route needs, with one command."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rendering import Renderer


@pytest.fixture
def project(render: Renderer, tmp_path: Path) -> Path:
    """With a migrated database."""
    rendered = render.fresh(tmp_path, setup_now=False)
    (rendered / ".env").write_text(
        f"DJANGO_SECRET_KEY={'k' * 50}\nWEBSOCKET_SECRETS={'s' * 40}\nDATABASE_URL=sqlite:///{rendered / 'db.sqlite3'}\n"
    )
    assert manage(rendered, "migrate", "-v0").returncode == 0
    return rendered


def manage(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return python(project, "manage.py", *arguments)


def python(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env=environment | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def contents(project: Path) -> dict[Path, str]:
    """What the command may write."""
    return {
        path: path.read_text()
        for folder in ("realtime", "config", "tests/realtime")
        for path in (project / folder).glob("*.*")
    }


def test_the_route_has_a_handler_a_test_an_entry_and_a_record(project: Path) -> None:
    """And its test passes."""
    done = manage(project, "add_route", "fetch_profile")

    shell = (
        "from gateway.models import *; print(*ApiGatewayAdditionalRoute.objects.values_list('route_key', flat=True))"
    )
    routes = json.loads((project / "config" / "gateway.json").read_text())["routes"]
    tested = python(project, "-m", "pytest", "-q", "tests/realtime/test_fetch_profile.py")
    assert done.returncode == 0, done.stderr
    assert routes[-1] == {"route_key": "fetch_profile", "endpoint": "", "reply": True}
    assert "fetch_profile" in manage(project, "shell", "-v0", "-c", shell).stdout
    assert tested.returncode == 0, tested.stdout


def test_what_it_writes_is_clean(project: Path) -> None:
    """As the project's own tools see it."""
    manage(project, "add_route", "fetch_profile")

    for check in (["check"], ["format", "--check"]):
        done = python(project, "-m", "ruff", *check, "realtime", "tests/realtime/test_fetch_profile.py")
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Bad Name", "cannot name a route"),
        ("class", "is a word of the Python language"),
        ("connect", "is there in every project"),
        ("dispatch", "is a name the view itself uses"),
        ("websocket_session", "is a name the view itself uses"),
        ("chat_message", "is a handler of RealtimeView already"),
    ],
)
def test_a_bad_name_is_refused_and_nothing_written(project: Path, name: str, sentence: str) -> None:
    """One sentence with the name and the remedy."""
    before = contents(project)

    done = manage(project, "add_route", name)

    assert done.returncode == 1
    assert f"{name!r} {sentence}" in done.stderr
    assert contents(project) == before


def test_an_edited_record_is_not_overwritten(project: Path) -> None:
    """The differences are listed, and no file is touched."""
    manage(project, "register_gateway")
    manage(project, "shell", "-c", "from gateway.models import *; ApiGateway.objects.update(stage_name='blue')")
    before = contents(project)

    done = manage(project, "add_route", "fetch_profile")

    assert done.returncode == 1
    assert "stage_name: 'blue' in the database" in done.stderr
    assert contents(project) == before
