"""Messages: routing, replies, error frames and concurrency (AWS facts 1.1, 3, 4 and 2.1)."""

import json
import socket as sockets
import threading

import pytest
from websockets.sync.client import ClientConnection, connect

from emulator.clock import ManualClock
from emulator.snapshot import Route
from emulator.switches import Switches
from gateway.testing.emulator import RunningEmulator, running_emulator
from tests.emulator.backend import Backend, Reply
from tests.emulator.conftest import Dial
from tests.emulator.raw_client import PING, TEXT, frame, raw_client
from tests.emulator.stages import API_ID, Stages, route, stage_of


def error_of(socket: ClientConnection) -> str:
    """The message of the next frame, which is the gateway's own."""
    text = socket.recv(timeout=5)
    assert isinstance(text, str)
    error = json.loads(text)
    assert set(error) == {"message", "connectionId", "requestId"}
    return str(error["message"])


def assert_alive(socket: ClientConnection, backend: Backend) -> None:
    """The connection goes on: a message is answered, and nothing came before the answer."""
    backend.replies["echo"] = Reply(body=b"alive")
    socket.send('{"action": "echo"}')
    assert socket.recv(timeout=5) == "alive"


def test_route_key(dial: Dial, backend: Backend) -> None:
    """AWS facts 3: the body selects the route, whose integration is called."""
    dial().send('{"action": "echo"}')

    assert backend.next_for("echo").header("X-Gateway-Route") == "echo"


def test_default_route(dial: Dial, backend: Backend) -> None:
    """AWS facts 3: what matches no route goes to `$default`, with that as its route key."""
    dial().send('{"action": "unknown"}')

    assert backend.next_for("default").header("X-Gateway-Route") == "$default"


def test_connect_cannot_be_asked_for(dial: Dial, backend: Backend) -> None:
    """AWS facts, unsure 25: `{"action": "$connect"}` is a message for `$default`."""
    dial().send('{"action": "$connect"}')
    backend.next_for("connect")

    received = backend.next()

    assert (received.header("X-Gateway-Event"), received.header("X-Gateway-Route")) == ("MESSAGE", "$default")


def test_payload_is_unchanged(dial: Dial, backend: Backend) -> None:
    """AWS facts 2.1: the backend gets the frame's payload byte for byte."""
    text = ' {"action" :"echo",\n "text": "grüß \\u0041 😀"}\t'

    dial().send(text)

    assert backend.next_for("echo").body == text.encode()


def test_call_on_the_wire(dial: Dial, backend: Backend) -> None:
    """AWS facts 2.1: nothing of the handshake comes with a message."""
    dial(origin="https://www.example.com", user_agent_header="Browser/1").send("hello")

    received = backend.next_for("default")

    assert received.method == "POST"
    assert received.header("User-Agent") == f"AmazonAPIGateway_{API_ID}"
    assert received.header("Origin") is None
    assert received.header("Content-Type") is None
    assert received.header("Content-Length") == "5"
    assert (received.header("X-Amzn-Trace-Id") or "").startswith("Root=1-")


def test_message_ids_differ(stages: Stages, emulator: RunningEmulator, dial: Dial, backend: Backend) -> None:
    """AWS facts 1.6: each message has an id and a request id of its own."""
    parameters = {
        "integration.request.header.X-Message": "context.messageId",
        "integration.request.header.X-Request": "context.requestId",
    }
    stages.add(stage_of(route("$default", backend.url, parameters=parameters)))
    socket = dial()
    socket.send("one")
    socket.send("two")

    received = [backend.next(), backend.next()]

    ids = {each.header(name) for each in received for name in ("X-Message", "X-Request")}
    assert len(ids) == 4
    assert all(each and len(each) == 16 and each.endswith("=") for each in ids)


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


def test_no_route(stages: Stages, dial: Dial, backend: Backend) -> None:
    """AWS facts 3: without a route the client gets "Forbidden", and the connection stays open."""
    stages.add(stage_of(route("echo", backend.url, two_way=True)))
    socket = dial()

    socket.send('{"action": "unknown"}')

    assert error_of(socket) == "Forbidden"
    assert_alive(socket, backend)


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


def test_refused_mapping(stages: Stages, dial: Dial, backend: Backend) -> None:
    """AWS facts 2.2: an integration that maps a header it may not set makes "Internal server error"."""
    parameters = {"integration.request.header.X-Amzn-Trace-Id": "'mine'"}
    stages.add(stage_of(route("$default", backend.url, parameters=parameters)))
    socket = dial()

    socket.send("hello")

    assert error_of(socket) == "Internal server error"


def test_route_without_an_integration(stages: Stages, dial: Dial) -> None:
    """A route that leads nowhere makes "Internal server error"."""
    stages.add(stage_of(Route(route_id="r", route_key="$default", integration=None)))
    socket = dial()

    socket.send("hello")

    assert error_of(socket) == "Internal server error"


def test_messages_of_one_connection_run_together(dial: Dial, backend: Backend) -> None:
    """AWS facts 1.1: a message does not wait for the one before it."""
    gate = threading.Event()
    backend.by_body[b'{"action": "echo", "n": 1}'] = Reply(body=b"first", gate=gate)
    backend.by_body[b'{"action": "echo", "n": 2}'] = Reply(body=b"second")
    socket = dial()
    socket.send('{"action": "echo", "n": 1}')
    socket.send('{"action": "echo", "n": 2}')

    assert socket.recv(timeout=5) == "second"

    gate.set()
    assert socket.recv(timeout=5) == "first"


def test_serial_by_switch(stages: Stages, backend: Backend) -> None:
    """AWS facts, checklist 5: by a switch they are handled one after the other."""
    gate = threading.Event()
    backend.by_body[b'{"action": "echo", "n": 1}'] = Reply(body=b"first", gate=gate)
    with (
        running_emulator(store=stages, switches=Switches(serial_messages=True)) as emulator,
        connect(f"{emulator.socket_url}/production") as socket,
    ):
        socket.send('{"action": "echo", "n": 1}')
        socket.send('{"action": "echo", "n": 2}')
        backend.next_for("echo")
        assert backend.is_idle()

        gate.set()

        assert [socket.recv(timeout=5), socket.recv(timeout=5)] == ["first", ""]


def test_flood_is_held_back(stages: Stages, backend: Backend) -> None:
    """Only so many messages of one connection are with the backend at once; the rest wait, and the socket is not read."""
    gate = threading.Event()
    backend.replies["default"] = Reply(gate=gate)
    switches = Switches(concurrent_messages=5)
    with running_emulator(store=stages, switches=switches) as emulator, raw_client(emulator.port) as client:
        client.upgrade()
        backend.next_for("connect")
        client.sock.sendall(b"".join(frame(TEXT, b"%d" % number) for number in range(25)) + frame(PING, b"all read"))
        assert client.receive().data == b"all read"
        assert [note["text"] for note in emulator.notes() if note["kind"] == "message"] == ["0", "1", "2", "3", "4"]
        assert not is_reading(emulator)

        gate.set()

        assert sorted(int(backend.next_for("default").body) for _ in range(25)) == list(range(25))
        emulator.settle()
        assert is_reading(emulator)


def is_reading(emulator: RunningEmulator) -> bool:
    """Whether the one connection's socket is being read."""
    (connection,) = emulator._emulator.plane.registry
    transport = connection.socket._transport
    assert transport is not None
    return transport.is_reading()


def test_deleted_stage(stages: Stages, dial: Dial) -> None:
    """When the stage is deleted under an open connection, its messages find no route."""
    socket = dial()
    stages.stages.clear()

    socket.send("hello")

    assert error_of(socket) == "Forbidden"


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
