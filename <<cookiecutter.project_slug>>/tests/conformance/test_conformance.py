"""The behaviours that a client and a backend can see, with nothing but unmodified clients: on the emulator, or on AWS."""

import contextlib
import json
import re
import threading
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from tests.conformance.target import STAGE, Api, deployed_api
from tests.emulator.backend import Reply

SECONDS = 40


@pytest.fixture(scope="module")
def deployed() -> Iterator[Api]:
    with deployed_api() as api:
        yield api


@pytest.fixture
def api(deployed: Api) -> Iterator[Api]:
    """The API, with a backend that answers 200 to everything; its sockets are closed after each test."""
    deployed.backend.replies.clear()
    deployed.backend.by_body.clear()
    yield deployed
    deployed.stack.close()


def mark() -> str:
    """Something that no other test sends."""
    return uuid.uuid4().hex


def message(action: str, text: str) -> str:
    return json.dumps({"action": action, "text": text})


def ask(socket: ClientConnection, api: Api, text: str) -> str | bytes:
    """Send something two-way whose reply is its own mark; the next frame."""
    asked = message("echo", text)
    api.backend.by_body[asked.encode()] = Reply(body=text.encode())
    socket.send(asked)
    return socket.recv(timeout=SECONDS)


def close_of(socket: ClientConnection) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=SECONDS)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


def test_connection_id(api: Api) -> None:
    """An id has 16 characters of base64url, the last one `=`."""
    assert re.fullmatch(r"[A-Za-z0-9_-]{15}=", api.open()[1])


def test_connect_call(api: Api) -> None:
    """`$connect` is an ordinary POST with the client's headers, the mapped ones and no body."""
    case = mark()
    api.dial(f"?case={case}", origin="https://www.example.com", user_agent_header="Browser/1")

    received = api.event("connect", case)

    assert (received.method, received.body) == ("POST", b"")
    assert received.header("Origin") == "https://www.example.com"
    assert received.header("User-Agent") == "Browser/1"
    assert received.header("X-Agent") == "Browser/1"
    assert received.header("X-Event") == "CONNECT"
    assert received.header("X-Route") == "$connect"
    assert received.header("X-Stage") == STAGE
    assert received.header("Upgrade") is None


def test_mapped_header_wins(api: Api) -> None:
    """A client cannot send a header that the integration maps."""
    case = mark()
    api.dial(f"?case={case}", additional_headers={"X-Secret": "forged", "X-Id": "forged"})

    received = api.event("connect", case)

    assert received.header("X-Secret") == "mapped"
    assert received.header("X-Id") != "forged"


@pytest.mark.parametrize("status", [400, 401, 403, 500])
def test_refusal(api: Api, status: int) -> None:
    """The client sees the backend's status, and nothing of its body or headers."""
    api.backend.replies["connect"] = Reply(status=status, body=b"private", headers={"X-Private": "1"})

    with pytest.raises(InvalidStatus) as refused:
        api.dial()

    assert refused.value.response.status_code == status
    assert b"private" not in (refused.value.response.body or b"")
    assert "x-private" not in refused.value.response.headers


def test_subprotocol(api: Api) -> None:
    """The subprotocol that the backend echoes is the connection's."""
    api.backend.replies["connect"] = Reply(headers={"Sec-WebSocket-Protocol": "chat2"})

    assert api.dial(subprotocols=["chat1", "chat2"]).subprotocol == "chat2"


@pytest.mark.parametrize("text", ["not JSON", "{}", "[]", '{"action": "unknown"}', '{"action": 5}'])
def test_default_route(api: Api, text: str) -> None:
    """What selects no route goes to `$default`, unchanged."""
    socket, connection_id = api.open()

    socket.send(text)

    received = api.event("default", connection_id)
    assert (received.body, received.header("X-Route")) == (text.encode(), "$default")


def test_message_call(api: Api) -> None:
    """A message's call has the mapped headers and nothing of the handshake."""
    socket, connection_id = api.open(origin="https://www.example.com", user_agent_header="Browser/1")
    socket.send("hello")

    received = api.event("default", connection_id)

    assert received.header("X-Event") == "MESSAGE"
    assert received.header("X-Agent") == "Browser/1"
    assert received.header("Origin") is None
    assert (received.header("User-Agent") or "").startswith("AmazonAPIGateway_")


@pytest.mark.parametrize("status", [200, 400, 500])
def test_two_way_reply(api: Api, status: int) -> None:
    """The body comes back, whatever the status."""
    asked = message("echo", mark())
    api.backend.by_body[asked.encode()] = Reply(status=status, body="grüß dich".encode())
    socket, _ = api.open()

    socket.send(asked)

    assert socket.recv(timeout=SECONDS) == "grüß dich"


def test_one_way_reply(api: Api) -> None:
    """On a one-way route the body does not come back."""
    api.backend.replies["default"] = Reply(body=b"nobody reads this")
    socket, connection_id = api.open()
    socket.send("hello")
    api.event("default", connection_id)
    text = mark()

    assert ask(socket, api, text) == text


@pytest.mark.parametrize(
    ("action", "error"), [("slow", "Endpoint request timed out"), ("dead", "Internal server error")]
)
def test_error_frame(api: Api, action: str, error: str) -> None:
    """A backend that is slow or not there makes an error frame, and the connection stays open."""
    api.backend.replies["slow"] = Reply(gate=threading.Event())
    socket, connection_id = api.open()

    socket.send(message(action, mark()))

    frame = json.loads(socket.recv(timeout=SECONDS))
    assert (frame["message"], frame["connectionId"]) == (error, connection_id)
    text = mark()
    assert ask(socket, api, text) == text


def test_binary(api: Api) -> None:
    """Binary frames close the connection with 1003, which `$disconnect` reports."""
    socket, connection_id = api.open()

    socket.send(b"\x00")

    assert close_of(socket)[0] == 1003
    assert api.event("disconnect", connection_id).header("X-Code") == "1003"


def test_frame_too_large(api: Api) -> None:
    """A frame of more than 32 KB closes the connection with 1009."""
    socket, _ = api.open()

    socket.send("x" * 32_769)

    assert close_of(socket)[0] == 1009


def test_fragmented_message(api: Api) -> None:
    """A message of 128 KB in frames of 32 KB is one call."""
    socket, connection_id = api.open()

    socket.send(["x" * 32_768] * 4)

    assert len(api.event("default", connection_id).body) == 131_072


def test_message_too_large(api: Api) -> None:
    """A message of more than 128 KB closes the connection with 1009."""
    socket, _ = api.open()

    with contextlib.suppress(ConnectionClosed):
        # The gateway may have closed it before the last frame is sent.
        socket.send(["x" * 32_768] * 5)

    assert close_of(socket)[0] == 1009


def test_ping(api: Api) -> None:
    """Pings are answered."""
    socket, _ = api.open()

    assert socket.ping().wait(SECONDS)


def test_client_close(api: Api) -> None:
    """`$disconnect` carries the client's code and reason."""
    socket, connection_id = api.open()

    socket.close(4001, "tired")

    received = api.event("disconnect", connection_id)
    assert (received.header("X-Event"), received.header("X-Code"), received.header("X-Reason")) == (
        "DISCONNECT",
        "4001",
        "tired",
    )


def test_post(api: Api) -> None:
    """A callback's bytes arrive as text."""
    socket, connection_id = api.open()

    api.management.post_to_connection(ConnectionId=connection_id, Data="grüß dich")

    assert socket.recv(timeout=SECONDS) == "grüß dich"


def test_get(api: Api) -> None:
    """GET describes the connection."""
    _, connection_id = api.open(user_agent_header="Browser/1")

    found = api.management.get_connection(ConnectionId=connection_id)

    assert found["Identity"]["UserAgent"] == "Browser/1"
    assert found["LastActiveAt"] >= found["ConnectedAt"]


def test_delete(api: Api) -> None:
    """DELETE closes with 1000 "Connection Closed Normally", and `$disconnect` follows."""
    socket, connection_id = api.open()

    api.management.delete_connection(ConnectionId=connection_id)

    assert close_of(socket) == (1000, "Connection Closed Normally")
    assert api.event("disconnect", connection_id).header("X-Code") == "1000"


def test_gone(api: Api) -> None:
    """A connection that has closed is gone."""
    socket, connection_id = api.open()
    socket.close()
    api.event("disconnect", connection_id)

    with pytest.raises(api.management.exceptions.GoneException):
        api.management.post_to_connection(ConnectionId=connection_id, Data=b"x")


def test_post_during_connect(api: Api) -> None:
    """While its `$connect` runs, a connection is gone too."""
    case, gate = mark(), threading.Event()
    api.backend.replies["connect"] = Reply(gate=gate)
    dialing = threading.Thread(target=api.dial, args=(f"?case={case}",), daemon=True)
    dialing.start()
    connection_id = api.event("connect", case).header("X-Id")

    with pytest.raises(api.management.exceptions.GoneException):
        api.management.post_to_connection(ConnectionId=connection_id, Data=b"x")

    gate.set()
    dialing.join(SECONDS)


def status_of(call: Any, **arguments: Any) -> int:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return int(error.value.response["ResponseMetadata"]["HTTPStatusCode"])


def test_malformed_id(api: Api) -> None:
    """An id that is none: 400."""
    assert status_of(api.management.post_to_connection, ConnectionId="abcde", Data=b"x") == 400


def test_post_too_large(api: Api) -> None:
    """More than 128 KB: 413."""
    _, connection_id = api.open()

    assert status_of(api.management.post_to_connection, ConnectionId=connection_id, Data=b"x" * 131_073) == 413
