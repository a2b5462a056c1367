"""`manage.py dev` as a supervisor: what it leaves behind, and what it says when it cannot start."""

import socket
import subprocess
import sys
from pathlib import Path

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
