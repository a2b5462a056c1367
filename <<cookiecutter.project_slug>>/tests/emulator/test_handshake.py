"""Handshakes (AWS facts 1.1 to 1.4)."""

import http.client
import socket as sockets
import threading
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from emulator.clock import ManualClock
from emulator.snapshot import Integration, Route
from gateway.testing.emulator import RunningEmulator
from tests.emulator.backend import Backend, Reply
from tests.emulator.conftest import Dial
from tests.emulator.stages import API_ID, STAGE, Stages, route, stage_of


def refused_status(dial: Dial, path: str = f"/{STAGE}", **options: Any) -> int:
    with pytest.raises(InvalidStatus) as refused:
        dial(path, **options)
    return refused.value.response.status_code


def connect_as(url: str, emulator: RunningEmulator) -> ClientConnection:
    """A client that names any host in its `Host` header."""
    return connect(url, sock=sockets.create_connection(("127.0.0.1", emulator.port)), compression=None)


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


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 429, 500, 503])
def test_refusal_passes_the_status(dial: Dial, backend: Backend, status: int) -> None:
    """AWS facts 1.2: the client sees the backend's own status; a redirect is a refusal too."""
    backend.replies["connect"] = Reply(status=status, headers={"Location": f"{backend.url}/elsewhere"})

    assert refused_status(dial) == status


def test_redirect_is_not_followed(dial: Dial, backend: Backend) -> None:
    """AWS facts 2.3: the gateway does not follow redirects."""
    backend.replies["connect"] = Reply(status=302, headers={"Location": f"{backend.url}/elsewhere"})
    refused_status(dial)

    backend.next_for("connect")

    assert backend.is_idle()


def test_refusal_drops_body_and_headers(dial: Dial, backend: Backend) -> None:
    """AWS facts 1.2: neither the body nor the headers of `$connect`'s answer reach the client."""
    headers = {"Set-Cookie": "a=b", "X-Reason": "banned", "Location": "/login"}
    backend.replies["connect"] = Reply(status=403, body=b'{"error": "banned"}', headers=headers)

    with pytest.raises(InvalidStatus) as refused:
        dial()

    assert refused.value.response.body == b""
    assert not {"set-cookie", "x-reason", "location"} & set(refused.value.response.headers)


def test_acceptance_drops_headers(dial: Dial, backend: Backend) -> None:
    """AWS facts 1.2: no Set-Cookie on the 101 either."""
    backend.replies["connect"] = Reply(headers={"Set-Cookie": "a=b", "X-Reason": "why"})

    assert not {"set-cookie", "x-reason"} & set(dial().response.headers)


def test_headers_of_the_101(dial: Dial) -> None:
    """AWS facts 1.2: Date, Connection, Upgrade and Sec-WebSocket-Accept, and nothing else."""
    assert set(dial().response.headers) == {"date", "connection", "upgrade", "sec-websocket-accept"}


def test_timeout(stages: Stages, dial: Dial, backend: Backend, emulator: RunningEmulator, clock: ManualClock) -> None:
    """AWS facts 1.2: a backend that does not answer in time makes the handshake fail with 504."""
    backend.replies["connect"] = Reply(gate=threading.Event())
    statuses: list[int] = []
    thread = threading.Thread(target=lambda: statuses.append(refused_status(dial)), daemon=True)
    thread.start()
    backend.next_for("connect")

    emulator.advance(29)
    thread.join(5)

    assert statuses == [504]


def test_unreachable_backend(stages: Stages, dial: Dial) -> None:
    """AWS facts, checklist 1: an unreachable backend makes the handshake fail with 502."""
    with sockets.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    stages.add(stage_of(route("$connect", f"http://127.0.0.1:{port}")))

    assert refused_status(dial) == 502


def test_refused_mapping(stages: Stages, dial: Dial, backend: Backend) -> None:
    """AWS facts 2.2: an integration that maps Content-Length fails with 500, without a call."""
    parameters = {"integration.request.header.Content-Length": "'5'"}
    stages.add(stage_of(route("$connect", backend.url, parameters=parameters)))

    assert refused_status(dial) == 500
    assert backend.is_idle()


def test_route_without_an_integration(stages: Stages, dial: Dial) -> None:
    """A `$connect` route that leads nowhere fails with 500."""
    stages.add(stage_of(Route(route_id="r", route_key="$connect", integration=None)))

    assert refused_status(dial) == 500


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


def test_unknown_stage(dial: Dial) -> None:
    """AWS facts 1.2: an unknown stage is refused with 403."""
    assert refused_status(dial, "/nowhere") == 403


def test_path_behind_the_stage(dial: Dial, backend: Backend) -> None:
    """A path that goes on behind the stage addresses nothing, and the backend is not asked."""
    assert refused_status(dial, f"/{STAGE}/more") == 403
    assert backend.is_idle()


def test_body_of_an_unknown_stage(emulator: RunningEmulator) -> None:
    """AWS facts, checklist 1: the body is `{"message":"Forbidden"}`."""
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=5)
    connection.request("GET", "/nowhere")

    assert connection.getresponse().read() == b'{"message": "Forbidden"}'


def test_disabled_default_endpoint(stages: Stages, dial: Dial, backend: Backend) -> None:
    """AWS facts 1.2: a disabled execute-api endpoint answers 403."""
    stages.add(stage_of(route("$connect", backend.url), execute_api_disabled=True))

    assert refused_status(dial) == 403


def test_api_path(dial: Dial) -> None:
    """`/_apis/{api_id}/{stage}` always addresses a stage."""
    assert dial(f"/_apis/{API_ID}/{STAGE}").response.status_code == 101


def test_ambiguous_stage(stages: Stages, dial: Dial, backend: Backend) -> None:
    """Two APIs with a stage of that name: the answer says how to address one of them."""
    stages.add(stage_of(route("$connect", backend.url), api_id="other"))

    with pytest.raises(InvalidStatus) as refused:
        dial()

    assert refused.value.response.status_code == 409
    assert f"/_apis/{API_ID}/{STAGE}".encode() in refused.value.response.body


def test_long_url(dial: Dial) -> None:
    """AWS facts 1.4: a URL of more than 4,096 characters is refused, one of 4,096 is not."""
    path = f"/{STAGE}?x="

    assert dial(path + "x" * (4096 - len(path))).response.status_code == 101
    assert refused_status(dial, path + "x" * (4097 - len(path))) == 414


def test_header_flood(dial: Dial) -> None:
    """AWS facts 9: headers of more than 10,240 bytes together are refused."""
    assert refused_status(dial, additional_headers={f"X-{n}": "x" * 1000 for n in range(11)}) == 431


def test_plain_http_request(emulator: RunningEmulator) -> None:
    """A request that is no upgrade is told so."""
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=5)
    connection.request("GET", f"/{STAGE}")

    assert connection.getresponse().status == 426


def test_compression(dial: Dial, backend: Backend) -> None:
    """AWS facts 1.2: permessage-deflate is negotiated with the client, as seen from AWS; the backend sees plain text."""
    socket = dial(compression="deflate")
    socket.send('{"action": "echo", "text": "' + "x" * 1000 + '"}')

    header = socket.response.headers["Sec-WebSocket-Extensions"]
    assert header.startswith("permessage-deflate;server_max_window_bits=12")
    assert len(backend.next_for("echo").body) == 1030


def test_user_agent_of_a_silent_client(dial: Dial, backend: Backend) -> None:
    """AWS facts 2.1: a client without User-Agent gets the gateway's."""
    dial(user_agent_header=None)

    assert backend.next().header("User-Agent") == f"AmazonAPIGateway_{API_ID}"


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


def test_integration_answers_something_else(stages: Stages, dial: Dial) -> None:
    """A backend that does not speak HTTP makes the handshake fail with 502."""
    with sockets.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        threading.Thread(target=_speak_nonsense, args=(server,), daemon=True).start()
        integration = Integration(integration_id="i", uri=f"http://127.0.0.1:{port}/connect")
        stages.add(stage_of(Route(route_id="r", route_key="$connect", integration=integration)))

        assert refused_status(dial) == 502


def _speak_nonsense(server: sockets.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"220 smtp.example.com ESMTP\r\n")
