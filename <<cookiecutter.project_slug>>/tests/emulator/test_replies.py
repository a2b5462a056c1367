"""Replies: the backend's answer as a frame, or the gateway's own error (AWS facts 4)."""

import json
import socket as sockets
import threading

import pytest
from websockets.sync.client import connect

from emulator.clock import ManualClock
from emulator.switches import Switches
from gateway.testing.emulator import RunningEmulator, running_emulator
from tests.emulator.backend import Backend, Reply
from tests.emulator.conftest import Dial
from tests.emulator.conversation import assert_alive, error_of
from tests.emulator.stages import Stages, route, stage_of


@pytest.mark.parametrize("status", [200, 201, 400, 404, 500])
def test_two_way_reply(dial: Dial, backend: Backend, status: int) -> None:
    """AWS facts 4.1: the body comes back as a text frame, whatever the status."""
    backend.replies["echo"] = Reply(status=status, body='{"ok": "ü"}'.encode())
    socket = dial()

    socket.send('{"action": "echo"}')

    assert socket.recv(timeout=5) == '{"ok": "ü"}'


def test_empty_two_way_reply(dial: Dial, backend: Backend) -> None:
    """AWS facts 4.1: an empty body makes an empty message."""
    socket = dial()

    socket.send('{"action": "echo"}')

    assert socket.recv(timeout=5) == ""


def test_longest_two_way_reply(dial: Dial, backend: Backend) -> None:
    """AWS facts 5: a reply of 128 KB is a message, a longer one makes an error frame."""
    backend.by_body[b'{"action": "echo", "n": 1}'] = Reply(body=b"x" * 131_072)
    backend.by_body[b'{"action": "echo", "n": 2}'] = Reply(body=b"x" * 131_073)
    socket = dial()

    socket.send('{"action": "echo", "n": 1}')
    assert socket.recv(timeout=5) == "x" * 131_072

    socket.send('{"action": "echo", "n": 2}')
    assert error_of(socket) == "Internal server error"


def test_reply_that_is_no_text(dial: Dial, backend: Backend) -> None:
    """AWS facts 4.1: frames are text, so bytes that are none are replaced."""
    backend.replies["echo"] = Reply(body=b"a\xffb")
    socket = dial()

    socket.send('{"action": "echo"}')

    assert socket.recv(timeout=5) == "a�b"


@pytest.mark.parametrize("status", [200, 400, 500])
def test_one_way_reply(dial: Dial, backend: Backend, status: int) -> None:
    """AWS facts 4.1, 4.2 and unsure 4: without a route response the client hears nothing, not even of a failure."""
    backend.replies["default"] = Reply(status=status, body=b"nobody reads this")
    socket = dial()
    socket.send("hello")
    backend.next_for("default")

    assert_alive(socket, backend)


def test_one_way_failure_by_switch(stages: Stages, backend: Backend) -> None:
    """AWS facts, unsure 4: a failing backend may lead to an error frame on a one-way route."""
    backend.replies["default"] = Reply(status=500)
    with (
        running_emulator(store=stages, switches=Switches(error_frame_on_one_way_failure=True)) as emulator,
        connect(f"{emulator.socket_url}/production") as socket,
    ):
        socket.send("hello")

        assert error_of(socket) == "Internal server error"


def test_exact_text_of_an_error_frame(stages: Stages, emulator: RunningEmulator, dial: Dial) -> None:
    """AWS facts 4.2: a space after the first colon, none after the others."""
    stages.add(stage_of())
    socket = dial()
    (connection,) = emulator.connections()

    socket.send("hello")

    text = socket.recv(timeout=5)
    assert isinstance(text, str)
    request_id = json.loads(text)["requestId"]
    assert (
        text == f'{{"message": "Forbidden", "connectionId":"{connection.connection_id}", "requestId":"{request_id}"}}'
    )


@pytest.mark.parametrize("two_way", [True, False])
def test_unreachable_backend(stages: Stages, dial: Dial, backend: Backend, two_way: bool) -> None:
    """AWS facts 4.2: a backend that cannot be reached makes an error frame, on one-way routes too."""
    with sockets.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    dead = route("dead", f"http://127.0.0.1:{port}", two_way=two_way)
    stages.add(stage_of(dead, route("echo", backend.url, two_way=True)))
    socket = dial()

    socket.send('{"action": "dead"}')

    assert error_of(socket) == "Internal server error"
    assert_alive(socket, backend)


def test_timeout(dial: Dial, emulator: RunningEmulator, backend: Backend, clock: ManualClock) -> None:
    """AWS facts 4.2: a backend that takes longer than 29 s makes "Endpoint request timed out"."""
    backend.by_body[b"slow"] = Reply(gate=threading.Event())
    socket = dial()
    socket.send("slow")
    backend.next_for("default")

    emulator.advance(29, settle=0)

    assert error_of(socket) == "Endpoint request timed out"
    assert_alive(socket, backend)


def test_timeout_of_the_integration(stages: Stages, dial: Dial, emulator: RunningEmulator, backend: Backend) -> None:
    """AWS facts 2.3: an integration may have a shorter timeout."""
    stages.add(stage_of(route("$default", backend.url, timeout_ms=2_000)))
    backend.by_body[b"slow"] = Reply(gate=threading.Event())
    socket = dial()
    socket.send("slow")
    backend.next_for("default")

    emulator.advance(2, settle=0)

    assert error_of(socket) == "Endpoint request timed out"


def test_reply_to_a_closed_connection(dial: Dial, backend: Backend) -> None:
    """A reply that comes after the client has left is dropped without a sound."""
    gate = threading.Event()
    backend.replies["echo"] = Reply(body=b"too late", gate=gate)
    socket = dial()
    socket.send('{"action": "echo"}')
    backend.next_for("echo")
    socket.close()
    backend.next_for("disconnect")

    gate.set()

    assert_alive(dial(), backend)
