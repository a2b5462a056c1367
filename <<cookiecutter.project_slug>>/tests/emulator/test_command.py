"""`manage.py emulator`, as a process of its own."""

import json
import signal
import socket as sockets
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.emulator.backend import Backend
from tests.emulator.commands import end, start, url_of
from tests.emulator.provision import control_client, provision

PATIENCE = 60.0

Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Starts `manage.py emulator` with its state in a folder of the test's own; stops it in the end."""
    with ExitStack() as stack:

        def run(*options: str) -> "subprocess.Popen[str]":
            process = start("--port", "0", "--state", str(tmp_path / "state.json"), *options)
            stack.callback(end, process)
            return process

        yield run


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_starts_and_stops(run: Run, number: int) -> None:
    """It says where it listens, answers, and ends cleanly when told to."""
    process = run()
    with urllib.request.urlopen(f"{url_of(process)}/_emulator/health", timeout=5) as answer:
        assert json.load(answer) == {"status": "ok"}

    process.send_signal(number)
    _, errors = process.communicate(timeout=PATIENCE)

    assert process.returncode == 0
    assert "Traceback" not in errors


def test_state_survives_a_restart(run: Run) -> None:
    """What has been provisioned is there again after a restart, even after a kill."""
    first = run()
    api = control_client(url_of(first)).create_api(
        Name="chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action"
    )
    first.kill()
    first.wait(10)

    (found,) = control_client(url_of(run())).get_apis()["Items"]

    assert found["ApiId"] == api["ApiId"]


def test_loopback_only(run: Run) -> None:
    """Unless told otherwise nobody outside this machine can reach it."""
    assert url_of(run()).startswith("http://127.0.0.1:")


def test_taken_port(run: Run) -> None:
    """A taken port: one sentence, no traceback."""
    with sockets.create_server(("127.0.0.1", 0)) as server:
        process = run("--port", str(server.getsockname()[1]))
        _, errors = process.communicate(timeout=PATIENCE)

    assert process.returncode == 1
    assert "Choose another --port" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--fault", "gremlins"], "There is no fault 'gremlins'. The faults are: lose-disconnect"),
        (["--fault", "lose-disconnect=2"], "lose-disconnect: 2 is not a share from 0 to 1"),
        (["--latency", "-1"], "--latency is a number of milliseconds"),
        (["--record", "/nowhere/at/all"], "Choose another file for --record"),
    ],
)
def test_bad_option(run: Run, options: list[str], sentence: str) -> None:
    """A bad option is explained in one sentence."""
    process = run(*options)
    _, errors = process.communicate(timeout=PATIENCE)

    assert process.returncode != 0
    assert sentence in errors
    assert "Traceback" not in errors


def test_fault_and_record(run: Run, tmp_path: Path) -> None:
    """`--fault` is in force from the start, and `--record` writes down what happened."""
    record = tmp_path / "record.jsonl"
    process = run("--fault", "refuse-connects=503", "--record", str(record))
    url = url_of(process)
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"{url}/production?ws_token=s3cr3t", timeout=5)
    process.terminate()
    process.wait(10)

    (note,) = [json.loads(line) for line in record.read_text().splitlines()]

    assert (note["kind"], note["path"]) == ("refused", "/production")


def restart(url: str, how: str) -> "tuple[int, str]":
    """What a second command answers that has the first one's emulator restarted."""
    process = start("--port", url.rpartition(":")[2], "--restart", how)
    _, errors = process.communicate(timeout=PATIENCE)
    return process.returncode, errors


def test_restart(run: Run, backend: Backend) -> None:
    """`--restart lose`: the sockets are cut, and the same port takes new ones."""
    url = url_of(run())
    provision(control_client(url), backend)
    address = f"{url.replace('http', 'ws', 1)}/production"
    with connect(address) as socket:
        assert restart(url, "lose") == (0, "")

        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=5)

    assert closed.value.rcvd is None
    with connect(address) as socket:
        assert socket.response is not None


def test_restart_that_keeps_connections(run: Run, backend: Backend) -> None:
    """`--restart keep`: the sockets live on."""
    url = url_of(run())
    provision(control_client(url), backend)
    with connect(f"{url.replace('http', 'ws', 1)}/production") as socket:
        assert restart(url, "keep") == (0, "")

        assert socket.ping().wait(5)


def test_restart_of_nobody() -> None:
    """Where no emulator listens, one sentence says so."""
    with sockets.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    code, errors = restart(url, "lose")

    assert code == 1
    assert "No emulator answers" in errors
    assert "Traceback" not in errors
