"""Handshakes that open: what the client gets and what the backend sees (AWS facts 1.1 to 1.4 and 2.1)."""

import socket as sockets
import threading

import pytest
from websockets.sync.client import ClientConnection, connect

from gateway.testing.emulator import RunningEmulator
from tests.emulator.backend import Backend, Reply
from tests.emulator.conftest import Dial
from tests.emulator.stages import API_ID, STAGE, Stages, route, stage_of


def in_background(dial: Dial) -> tuple[threading.Thread, list[ClientConnection]]:
    """Dial without waiting for the handshake."""
    opened: list[ClientConnection] = []
    thread = threading.Thread(target=lambda: opened.append(dial()), daemon=True)
    thread.start()
    return thread, opened


def test_handshake_waits_for_connect(dial: Dial, backend: Backend) -> None:
    """AWS facts 1.1: the upgrade is held open until `$connect` has answered."""
    gate = threading.Event()
    backend.replies["connect"] = Reply(gate=gate)
    thread, opened = in_background(dial)
    backend.next_for("connect")
    assert not opened

    gate.set()
    thread.join(5)

    assert len(opened) == 1


@pytest.mark.parametrize("status", [200, 201, 204])
def test_success_opens(dial: Dial, backend: Backend, status: int) -> None:
    """AWS facts 1.2: any 2xx opens the connection."""
    backend.replies["connect"] = Reply(status=status)

    assert dial().response.status_code == 101


def test_acceptance_drops_headers(dial: Dial, backend: Backend) -> None:
    """AWS facts 1.2: no Set-Cookie on the 101 either."""
    backend.replies["connect"] = Reply(headers={"Set-Cookie": "a=b", "X-Reason": "why"})

    assert not {"set-cookie", "x-reason"} & set(dial().response.headers)


def test_headers_of_the_101(dial: Dial) -> None:
    """AWS facts 1.2: Date, Connection, Upgrade and Sec-WebSocket-Accept, and nothing else."""
    assert set(dial().response.headers) == {"date", "connection", "upgrade", "sec-websocket-accept"}


def test_connect_is_optional(stages: Stages, dial: Dial, backend: Backend) -> None:
    """AWS facts 1.1: without a `$connect` route every handshake is accepted, and no backend is called."""
    stages.add(stage_of(route("$default", backend.url)))

    assert dial().response.status_code == 101
    assert backend.is_idle()


def test_subprotocol(dial: Dial, backend: Backend) -> None:
    """AWS facts 1.3: the offered list reaches the backend, and the one it echoes reaches the client."""
    backend.replies["connect"] = Reply(headers={"Sec-WebSocket-Protocol": "chat2"})

    socket = dial(subprotocols=["chat1", "chat2"])

    assert backend.next().header("Sec-WebSocket-Protocol") == "chat1, chat2"
    assert socket.subprotocol == "chat2"


def test_no_subprotocol(dial: Dial) -> None:
    """AWS facts 1.3: where the backend echoes none, the 101 has none."""
    assert dial(subprotocols=["chat1"]).subprotocol is None


def test_query_string_reaches_connect_only(dial: Dial, backend: Backend) -> None:
    """AWS facts 1.4: the URL's query string is there on `$connect` and never again."""
    socket = dial(f"/{STAGE}?ws_token=abc&channel=a%20b")
    socket.send("hello")

    assert backend.next().path == "/connect?ws_token=abc&channel=a%20b"
    assert backend.next().path == "/default"


def test_connect_call_on_the_wire(dial: Dial, backend: Backend) -> None:
    """AWS facts 2.1: the backend sees an ordinary POST, with the client's headers and no upgrade."""
    dial(origin="https://www.example.com", user_agent_header="Browser/1")

    received = backend.next()

    assert (received.method, received.body) == ("POST", b"")
    assert received.header("Origin") == "https://www.example.com"
    assert received.header("User-Agent") == "Browser/1"
    assert received.header("Host") == f"127.0.0.1:{backend.port}"
    assert received.header("Sec-WebSocket-Version") == "13"
    assert received.header("Content-Length") == "0"
    assert received.header("Upgrade") is None
    assert received.header("X-Forwarded-For") == "127.0.0.1"


def test_method_of_the_integration(stages: Stages, dial: Dial, backend: Backend) -> None:
    """AWS facts 2.3: the integration says which method is used."""
    stages.add(stage_of(route("$connect", backend.url, method="PUT")))

    dial()

    assert backend.next().method == "PUT"


def test_user_agent_of_a_silent_client(dial: Dial, backend: Backend) -> None:
    """AWS facts 2.1: a client without User-Agent gets the gateway's."""
    dial(user_agent_header=None)

    assert backend.next().header("User-Agent") == f"AmazonAPIGateway_{API_ID}"


def test_compression(dial: Dial, backend: Backend) -> None:
    """AWS facts 1.2: permessage-deflate is negotiated with the client, as seen from AWS; the backend sees plain text."""
    socket = dial(compression="deflate")
    socket.send('{"action": "echo", "text": "' + "x" * 1000 + '"}')

    header = socket.response.headers["Sec-WebSocket-Extensions"]
    assert header.startswith("permessage-deflate;server_max_window_bits=12")
    assert len(backend.next_for("echo").body) == 1030


def test_client_that_leaves_during_connect(emulator: RunningEmulator, backend: Backend) -> None:
    """A client that has gone when `$connect` succeeds is reported as lost, so that the backend can forget it."""
    gate = threading.Event()
    backend.replies["connect"] = Reply(gate=gate)
    with sockets.create_connection(("127.0.0.1", emulator.port)) as raw:
        raw.sendall(
            f"GET /{STAGE} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        connection_id = backend.next_for("connect").header("X-Gateway-Connection-Id")
    gate.set()

    assert backend.next_for("disconnect").header("X-Gateway-Connection-Id") == connection_id
    assert emulator.connections() == []


def test_api_path(dial: Dial) -> None:
    """`/_apis/{api_id}/{stage}` always addresses a stage."""
    assert dial(f"/_apis/{API_ID}/{STAGE}").response.status_code == 101


def connect_as(url: str, emulator: RunningEmulator) -> ClientConnection:
    """A client that names any host in its `Host` header."""
    return connect(url, sock=sockets.create_connection(("127.0.0.1", emulator.port)), compression=None)


def test_domain_of_a_mapping(stages: Stages, emulator: RunningEmulator, dial: Dial, backend: Backend) -> None:
    """AWS facts, checklist 11: on a custom domain the path holds no stage."""
    parameters = {"integration.request.header.X-Domain": "context.domainName"}
    stage = stage_of(route("$connect", backend.url, parameters=parameters), execute_api_disabled=True)
    stages.domains["ws.example.com", ""] = stage

    with connect_as("ws://ws.example.com/", emulator):
        assert backend.next().header("X-Domain") == "ws.example.com"


def test_mapping_key(stages: Stages, emulator: RunningEmulator, backend: Backend) -> None:
    """AWS facts, checklist 11: an api mapping key takes the stage's place in the path."""
    stages.domains["ws.example.com", "chat/v1"] = stage_of(route("$connect", backend.url))

    with connect_as("ws://ws.example.com/chat/v1", emulator):
        assert backend.next().method == "POST"
