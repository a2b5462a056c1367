"""`manage.py dev` as a supervisor: what it leaves behind, and what it says when it cannot start."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journeys.site import ROOT, Site, free_port


def test_stopping_leaves_no_process_behind(tmp_path: Path) -> None:
    """Ctrl-C ends Django, its autoreloader and the gateway."""
    site = Site.start(tmp_path)
    assert len(site.processes()) >= 3

    site.stop()

    assert site.processes() == {}


def test_the_data_survive_a_second_run(tmp_path: Path) -> None:
    """The same API is still there, so nothing is provisioned twice."""
    Site.start(tmp_path).stop()
    state = (tmp_path / "gateway.json").read_text()

    Site.start(tmp_path).stop()

    assert state.count('"ApiId"') == (tmp_path / "gateway.json").read_text().count('"ApiId"')


def test_killed_it_leaves_no_process_behind(tmp_path: Path) -> None:
    """The next one simply starts, on the same ports."""
    killed = Site.start(tmp_path)
    killed.process.kill()
    killed.process.wait()

    site = Site.start(tmp_path, port=killed.port, gateway_port=killed.gateway_port)

    site.stop()
    assert site.processes() == {}


def test_django_that_is_killed_ends_it(tmp_path: Path) -> None:
    """It says how Django ended, and stops the gateway."""
    site = Site.start(tmp_path)

    site.kill("manage.py runserver")

    assert "CommandError: Django was killed by signal 9" in site.wait_for_line("CommandError")
    site.process.wait(20)
    assert site.processes() == {}


def test_an_impatient_end(tmp_path: Path) -> None:
    """Ctrl-C, and again, and again: it is stopping, and goes on doing so."""
    site = Site.start(tmp_path)

    for _ in range(3):
        site.process.send_signal(signal.SIGINT)

    site.process.wait(20)
    assert site.processes() == {}


@pytest.mark.parametrize(
    ("ports", "sentence"),
    [
        (("0", "8001"), "0 is no port. Choose one from 1 to 65535 with --port (make: PORT=...)."),
        (("70000", "8001"), "70000 is no port. Choose one from 1 to 65535 with --port (make: PORT=...)."),
        (("SAME", "SAME"), "Django and the local API Gateway need a port each: --port and --gateway-port."),
    ],
)
def test_ports_that_cannot_be(ports: tuple[str, str], sentence: str) -> None:
    """Neither is a traceback."""
    free = str(free_port())
    port, gateway_port = (free if each == "SAME" else each for each in ports)
    command = [sys.executable, "manage.py", "dev", "--port", port, "--gateway-port", gateway_port]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)

    assert result.returncode == 1
    assert result.stderr.strip() == f"CommandError: {sentence}"


def test_a_taken_port_is_one_sentence() -> None:
    """It names the port and the option."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "manage.py", "dev", "--port", str(port), "--gateway-port", str(free_port())]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)

    assert result.returncode == 1
    sentence = (
        f"CommandError: Port {port} is taken. Stop what uses it, or choose another one with --port (make: PORT=...)."
    )
    assert result.stderr.strip() == sentence
