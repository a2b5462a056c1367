"""The Pythons of this machine, and environments made with them from a project's own lock files."""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import load
from tests.rendering import ROOT

VERSIONS = ("3.11", "3.12", "3.13")
"""What a generated project promises to run on."""
RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
BUILD = ROOT / "build" / "matrix"
UV = ROOT / ".venv" / "bin" / "uv"
VERSION_IF_WHOLE = "import sqlite3, ssl, venv, sys; print('%d.%d' % sys.version_info[:2])"


def folders() -> Iterator[Path]:
    """Where interpreters may be: on PATH, and where pyenv keeps those that are not switched on."""
    yield from (Path(name) for name in os.environ.get("PATH", "").split(os.pathsep) if name)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted((pyenv / "versions").glob("*/bin"))


def is_python(path: Path, version: str) -> bool:
    """Whether it runs and is what its name says: a shim may stand for a version that is not switched on."""
    if not path.is_file():
        return False
    done = subprocess.run([path, "-c", VERSION_IF_WHOLE], capture_output=True, text=True, check=False)
    return done.returncode == 0 and done.stdout.strip() == version


@cache
def interpreter(version: str) -> Path | None:
    """A Python of that version, or None. The one that runs this is always there."""
    if version == RUNNING:
        return Path(sys.executable)
    candidates = (folder / f"python{version}" for folder in folders())
    return next((path for path in candidates if is_python(path, version)), None)


def environment(project: Path, version: str, *, newest_django: bool) -> Path:
    """The Python of an environment that holds what the project pins, every file checked against its hash.

    It is kept below build/ and filled anew when a lock file changes. `newest_django` then takes the newest release that this
    Python can have, whatever the project's upper bound is.
    """
    python = interpreter(version)
    assert python is not None
    venv = BUILD / f"{version}-{'newest' if newest_django else 'pinned'}"
    venv.parent.mkdir(parents=True, exist_ok=True)
    setup = load(project / "setup_project.py")
    setup.make_venv(venv, str(python))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in with_uv().items():
            patch.setenv(name, value)
        setup.install(venv, setup.locks_of(project, dev=True))
        newest = ["--upgrade", "django"]
        if newest_django and not setup.with_uv(venv, newest):
            setup.with_pip(venv, newest, print)
    made: Path = setup.python_of(venv)
    return made


def with_uv() -> dict[str, str]:
    """The environment in which uv is found: from its cache it takes the same files in a tenth of pip's time.

    It trusts whom this machine trusts, as pip does, and not only the list that it brings.
    """
    return {"PATH": f"{UV.parent}{os.pathsep}{os.environ['PATH']}", "UV_SYSTEM_CERTS": "1"}
