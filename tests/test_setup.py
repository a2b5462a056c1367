"""`setup_project.py` turns a fresh render into a project that runs, or says in one sentence why it cannot."""

import ast
import json
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest

from tests.conftest import load
from tests.rendering import Renderer

UNREACHABLE = "http://127.0.0.1:9/simple"  # the discard port: nobody listens
NO_NETWORK = {
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_FIND_LINKS": "",
    "PIP_INDEX_URL": UNREACHABLE,
    "UV_DEFAULT_INDEX": UNREACHABLE,
    "UV_NO_CACHE": "1",
    "PIP_NO_CACHE_DIR": "1",
    "UV_HTTP_RETRIES": "0",
}
OTHER_PROJECT = {
    "DATABASE_URL": "sqlite:///other-project.sqlite3",
    "DJANGO_SETTINGS_MODULE": "other.settings",
    "DJANGO_SECRET_KEY": "the-other-project-s-key",
    "DJANGO_DEBUG": "false",
    "WEBSOCKET_SECRETS": "the-other-project-s-secret",
    "WEBSOCKET_STAGE": "other",
    "AWS_REGION": "ap-south-1",
    "AWS_PROFILE": "other",
    "CELERY_BROKER_URL": "redis://other",
    "VIRTUAL_ENV": "/other/venv",
}


def run(project: Path, *command: str | Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=project,
        env=os.environ | dict(environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def other_project(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The shell of somebody who was working on something else."""
    folder = tmp_path_factory.mktemp("other")
    (folder / "django.py").write_text("raise SystemExit('PYTHONPATH was inherited')")
    return OTHER_PROJECT | {"PYTHONPATH": str(folder), "DATABASE_URL": f"sqlite:///{folder}/other.sqlite3"}


@pytest.fixture(scope="module")
def project(render: Renderer, tmp_path_factory: pytest.TempPathFactory, other_project: dict[str, str]) -> Path:
    """Generated with `setup_now`, from a shell full of another project's variables: one real installation."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in other_project.items():
            patch.setenv(name, value)
        return render.fresh(tmp_path_factory.mktemp("set-up"), setup_now=True, routes="chat_message, ping")


@pytest.fixture
def setup(project: Path) -> ModuleType:
    """The script as a module."""
    return load(project / "setup_project.py")


def rows(project: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(project / "db.sqlite3") as database:
        return list(database.execute(query))


# --- With a network -----------------------------------------------------------------------------------------------


def test_the_database_holds_the_gateway_and_its_routes(project: Path) -> None:
    """What was answered is in the database when generation is over."""
    assert rows(project, "SELECT api_name, domain_name FROM gateway_apigateway") == [
        ("my_realtime_site", "ws.example.com")
    ]
    routes = rows(project, "SELECT route_key FROM gateway_apigatewayadditionalroute ORDER BY route_key")
    assert routes == [("chat_message",), ("ping",)]


def test_another_project_s_variables_are_not_used(project: Path, other_project: dict[str, str]) -> None:
    """Its database is not made, let alone migrated, and its secrets are not taken over."""
    assert not Path(other_project["DATABASE_URL"].removeprefix("sqlite:///")).exists()
    assert "other" not in (project / ".env").read_text(encoding="utf-8")
    assert rows(project, "SELECT stage_name FROM gateway_apigateway") == [("production",)]


def test_the_second_time_nothing_is_installed_and_nothing_changes(project: Path) -> None:
    """Not even without a network."""
    before = (project / ".env").read_bytes()

    again = run(project, sys.executable, "setup_project.py", environ=NO_NETWORK)

    assert again.returncode == 0, again.stdout
    assert "Installing" not in again.stdout
    assert (project / ".env").read_bytes() == before


def test_make_install_is_the_same(project: Path, other_project: dict[str, str]) -> None:
    """Whatever the shell holds."""
    done = run(project, "make", "install", environ=other_project)

    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("The project is set up.\n")


def test_the_project_passes_django_s_checks(project: Path) -> None:
    """What was installed is enough to run it."""
    done = run(
        project, ".venv/bin/python", "manage.py", "check", "--fail-level", "WARNING", environ={"DOTENV_WINS": "1"}
    )

    assert done.returncode == 0, done.stdout


def test_a_laptop_answers_to_its_own_names(project: Path) -> None:
    """`manage.py runserver` serves without `make run`; a server answers to its own name alone."""
    script = "from django.conf import settings; print(settings.ALLOWED_HOSTS)"
    hosts = {
        debug: run(
            project,
            ".venv/bin/python",
            "-c",
            script,
            environ={"DJANGO_DEBUG": debug, "DJANGO_SETTINGS_MODULE": "config.settings"},
        ).stdout.splitlines()[-1]
        for debug in ("true", "false")
    }

    assert hosts == {"true": "['example.com', 'localhost', '127.0.0.1']", "false": "['example.com']"}


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        (None, "DJANGO_SECRET_KEY is not set. On a laptop run `make install`, which makes `.env`.\n"),
        (b"DJANGO_DEBUG=true\n", "`.env` is without it: write one there, or delete the file and run `make install`.\n"),
        (b"\xff\n", ".env is no text in UTF-8. Mend it, or delete it and run `make install`.\n"),
    ],
)
def test_a_project_without_a_good_env_says_so(
    project: Path, render: Renderer, tmp_path: Path, env: bytes | None, sentence: str
) -> None:
    """In one sentence, with what helps: `make install` leaves a file alone that is there."""
    fresh = render.fresh(tmp_path)
    if env is not None:
        (fresh / ".env").write_bytes(env)

    done = run(fresh, project / ".venv/bin/python", "manage.py", "check", environ={"DJANGO_DEBUG": "true"})

    assert done.returncode == 1
    assert done.stdout.endswith(sentence)


# --- .env ---------------------------------------------------------------------------------------------------------


def test_only_the_owner_can_read_env(project: Path) -> None:
    """It holds the secrets."""
    assert stat.S_IMODE((project / ".env").stat().st_mode) == 0o600


def test_env_is_the_example_with_two_different_secrets(setup: ModuleType, project: Path) -> None:
    """Everything else is for a laptop and stands in the example."""
    example = (project / ".env.example").read_text(encoding="utf-8")

    text = setup.env_text(example, iter(["first", "second"]).__next__)

    assert text == example.replace("SECRET_KEY=\n", "SECRET_KEY=first\n").replace("SECRETS=\n", "SECRETS=second\n")
    assert "first" in text
    assert "second" in text


def test_secrets_differ_between_projects(setup: ModuleType, project: Path, tmp_path: Path) -> None:
    """They are generated, not copied."""
    (tmp_path / ".env.example").write_text((project / ".env.example").read_text(encoding="utf-8"), encoding="utf-8")

    assert setup.write_env(tmp_path) is True
    assert (tmp_path / ".env").read_text() != (project / ".env").read_text()


def test_an_existing_env_is_left_alone(setup: ModuleType, project: Path, tmp_path: Path) -> None:
    """Somebody may have put a password into it."""
    (tmp_path / ".env.example").write_text((project / ".env.example").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / ".env").write_text("MINE=1\n")

    assert setup.write_env(tmp_path) is False
    assert (tmp_path / ".env").read_text() == "MINE=1\n"


# --- Without one thing or another ---------------------------------------------------------------------------------


def test_without_a_network_generation_succeeds_and_names_the_command(
    render: Renderer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The files are there; one sentence says what is missing, another what to run."""
    for name, value in NO_NETWORK.items():
        monkeypatch.setenv(name, value)

    project = render.fresh(tmp_path, setup_now=True)

    said = capfd.readouterr()
    assert said.err.count("The packages could not be fetched: check the network") == 1
    assert "Traceback" not in said.err
    assert said.out.splitlines()[-1].endswith(f"cd {project.name} && make install")
    assert (project / "manage.py").is_file()


def test_a_package_that_is_not_the_pinned_one_is_not_installed(
    setup: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hashes in the lock file decide, whoever offers the file."""
    (tmp_path / "pinned-1.0-py3-none-any.whl").write_bytes(b"something else")
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"pinned==1.0 --hash=sha256:{'0' * 64}\n")
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "UV_OFFLINE": "1"}.items():
        monkeypatch.setenv(name, value)
    setup.make_venv(tmp_path / "venv")

    with pytest.raises(setup.SetupError, match="not the one that the lock file pins"):
        setup.install(tmp_path / "venv", [lock])

    assert setup.installed(tmp_path / "venv") == {}


def test_an_old_python_is_told_what_is_needed(project: Path) -> None:
    """And is told so by itself: the whole file parses on it."""
    script = (
        "import sys; sys.version_info = (3, 8, 1, 'final', 0);"
        "exec(compile(open('setup_project.py').read(), 'setup_project.py', 'exec'))"
    )

    done = run(project, sys.executable, "-c", script, environ={})

    assert done.returncode == 1
    assert done.stdout.startswith("Python 3.11 or newer is needed and this is 3.8: ")
    ast.parse((project / "setup_project.py").read_text(encoding="utf-8"), feature_version=(3, 8))


def without(module: str, python: Path, wrapper: Path) -> Path:
    """A Python like `python` that lacks one of its modules."""
    stub = wrapper.parent / f"without-{module}" / f"{module}.py"
    stub.parent.mkdir()
    stub.write_text(f"raise ModuleNotFoundError('No module named {module}')")
    wrapper.write_text(f'#!/bin/sh\nPYTHONPATH="{stub.parent}" exec "{python}" "$@"\n')
    wrapper.chmod(0o755)
    return wrapper


def test_a_python_without_venv_is_told_which_package_to_install(setup: ModuleType, tmp_path: Path) -> None:
    """As some distributions ship it."""
    python = without("venv", Path(sys.executable), tmp_path / "python")

    with pytest.raises(setup.SetupError, match=r"No module named venv.*apt install python3-venv"):
        setup.make_venv(tmp_path / "venv", str(python))


def test_a_python_without_pip_is_told_which_package_to_install(setup: ModuleType, tmp_path: Path) -> None:
    """As Debian ships it: there is a venv module, but nothing to put pip into the environment with."""
    setup.make_venv(tmp_path / "venv")
    python = setup.python_of(tmp_path / "venv")
    without("ensurepip", python.rename(python.with_name("python-itself")), python)

    with pytest.raises(setup.SetupError, match=r"No module named ensurepip.*apt install python3-venv"):
        setup.with_pip(tmp_path / "venv", [], print)


def test_a_broken_environment_is_made_again(setup: ModuleType, tmp_path: Path) -> None:
    """The Python that it was made with may be gone."""
    setup.make_venv(tmp_path / "venv")
    setup.python_of(tmp_path / "venv").unlink()
    setup.python_of(tmp_path / "venv").symlink_to(tmp_path / "gone")

    setup.make_venv(tmp_path / "venv")

    assert setup.run(setup.python_of(tmp_path / "venv"), "-c", "print(1)", cwd=tmp_path) == (0, "1\n")


def test_what_was_installed_is_remembered_by_the_lock_file_s_content(setup: ModuleType, project: Path) -> None:
    """A changed lock file is installed again, an unchanged one is not."""
    record = json.loads((project / ".venv" / "installed.json").read_text())

    assert record == {"requirements.txt": setup.digest(project / "requirements.txt")}
    assert setup.install(project / ".venv", [project / "requirements.txt"]) is False
