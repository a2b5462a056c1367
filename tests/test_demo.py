"""`make demo` shows the real thing, quickly the second time, and leaves nothing behind when it is stopped."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import psutil
import pytest

from tests.children import free_port
from tests.conftest import load
from tests.rendering import ROOT, copy_of_the_repository
from tests.shown import Block
from tests.test_setup import NO_NETWORK, OTHER_PROJECT


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of its own, so that a demo that is running here is left alone."""
    return copy_of_the_repository(tmp_path_factory.mktemp("repository"))


@pytest.fixture
def demo(repository: Path) -> ModuleType:
    """The tool as a module."""
    return load(repository / "tools" / "demo.py")


@contextmanager
def running(repository: Path, command: str = "make demo") -> Iterator[tuple[str, list[str], subprocess.Popen[str]]]:
    """`make demo` as a user starts it, in a shell full of another project's variables: address, lines, process."""
    arguments = [f"PORT={free_port()}", f"GATEWAY_PORT={free_port()}", f"PYTHON={sys.executable}"]
    process = subprocess.Popen(
        [*command.split(), *arguments],
        cwd=repository,
        env=os.environ | OTHER_PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    lines: list[str] = []
    try:
        for line in process.stdout:
            lines.append(line.rstrip())
            if line.startswith("READY "):
                break
        assert lines[-1].startswith("READY "), "\n".join(lines)
        yield lines[-1].removeprefix("READY "), lines, process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=60)
        process.stdout.close()


def left_behind(repository: Path) -> list[psutil.Process]:
    """Processes that run in the demo's folder."""
    folder = str(repository / "build" / "demo")
    return [process for process in psutil.process_iter(["cwd"]) if process.info["cwd"] == folder]


def test_it_serves_the_page_and_stops_on_ctrl_c(repository: Path, shown: list[Block]) -> None:
    """The first run: everything is made, nothing of the shell's is used."""
    (command,) = shown
    with running(repository, command.text) as (address, _, process):
        with urllib.request.urlopen(address, timeout=30) as page:
            assert page.status == 200
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=60)

    assert left_behind(repository) == []
    assert not list((repository / "build" / "demo").glob("other*"))


def test_the_second_run_keeps_the_data_and_stops_on_term(repository: Path) -> None:
    """TERM reaches make alone, as a supervisor sends it."""
    environment = (repository / "build" / "demo" / ".env").read_bytes()

    with running(repository) as (_, lines, process):
        process.terminate()
        process.wait(timeout=60)

    assert left_behind(repository) == []
    assert not any("Installing" in line for line in lines)
    assert (repository / "build" / "demo" / ".env").read_bytes() == environment


def test_files_of_the_last_render_go_and_others_stay(demo: ModuleType, tmp_path: Path) -> None:
    """What the template no longer has is removed; what somebody added or the project made is not."""
    rendered, target = tmp_path / "rendered", tmp_path / "demo"
    for path in ("manage.py", "gateway/new.py", "gateway/__pycache__/new.pyc", "db.sqlite3"):
        (rendered / path).parent.mkdir(parents=True, exist_ok=True)
        (rendered / path).write_text("rendered")
    for path in ("gateway/old.py", "mine.py", ".env", "db.sqlite3"):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_text("kept")

    files = demo.synchronise(rendered, target, ["manage.py", "gateway/old.py"])

    assert files == ["gateway/new.py", "manage.py"]
    assert not (target / "gateway" / "old.py").exists()
    assert {(target / name).read_text() for name in ("mine.py", ".env", "db.sqlite3")} == {"kept"}
    assert not (target / "gateway" / "__pycache__").exists()


def test_files_that_stayed_the_same_are_not_touched(demo: ModuleType, tmp_path: Path) -> None:
    """A server that watches them would start again for nothing."""
    (tmp_path / "rendered").mkdir()
    (tmp_path / "rendered" / "manage.py").write_text("same")
    demo.synchronise(tmp_path / "rendered", tmp_path / "demo", [])
    os.utime(tmp_path / "demo" / "manage.py", (1, 1))

    demo.synchronise(tmp_path / "rendered", tmp_path / "demo", ["manage.py"])

    assert (tmp_path / "demo" / "manage.py").stat().st_mtime == 1


@pytest.mark.parametrize(("text", "kept"), [("same", True), ("rewritten", False)])
def test_a_database_of_other_tables_is_not_served(demo: ModuleType, tmp_path: Path, text: str, kept: bool) -> None:
    """A migration that was rewritten is never run again: every page would fail. New ones are no reason to lose what was said."""
    for folder in ("rendered", "demo"):
        (tmp_path / folder / "chat" / "migrations").mkdir(parents=True)
        (tmp_path / folder / "chat" / "migrations" / "0001_initial.py").write_text("same")
    (tmp_path / "rendered" / "chat" / "migrations" / "0001_initial.py").write_text(text)
    (tmp_path / "rendered" / "chat" / "migrations" / "0002_next.py").write_text("new")
    (tmp_path / "demo" / "db.sqlite3").touch()

    demo.drop_older_database(tmp_path / "rendered", tmp_path / "demo")

    assert (tmp_path / "demo" / "db.sqlite3").exists() is kept


@pytest.mark.parametrize("variable", ["PORT", "GATEWAY_PORT"])
def test_a_taken_port_is_said_at_once(variable: str) -> None:
    """Before anything is installed, with the way out."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports = {"PORT": free_port(), "GATEWAY_PORT": free_port()} | {variable: port}
        done = subprocess.run(
            ["make", "demo", *(f"{name}={value}" for name, value in ports.items())],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode != 0
    assert f"Port {port} is taken" in done.stderr
    assert f"{variable}={port + 1000}" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_network_one_sentence_says_so(tmp_path: Path) -> None:
    """And the next attempt begins where this one ended."""
    repository = copy_of_the_repository(tmp_path)

    done = subprocess.run(
        [sys.executable, "tools/demo.py", "--port", str(free_port()), "--gateway-port", str(free_port())],
        cwd=repository,
        env=os.environ | NO_NETWORK,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("No demo yet. The packages could not be fetched: ")
    assert len(done.stderr.splitlines()) == 1
