"""Routing, replies, error frames, frames and payloads. The numbers are rows of the fidelity table."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.conformance.target import Api, Socket, Target

Dial = Callable[..., Socket]
SECONDS = 20
FRAME = re.compile(r'\{"message": "(.+)", "connectionId":"([^"]+)", "requestId":"([^"]+)"\}')


def message(action: str, **wishes: Any) -> str:
    return json.dumps({"action": action, **wishes})


def answer(socket: Socket, text: str) -> str | bytes:
    """Send a message; the next frame."""
    socket.client.send(text)
    return socket.client.recv(timeout=SECONDS)


def end_of(socket: Socket) -> int | None:
    """The code that the gateway closes with."""
    with pytest.raises(ConnectionClosed):
        socket.client.recv(timeout=SECONDS)
    return socket.client.close_code


def test_route_key_matches(target: Target, dial: Dial) -> None:
    """Row 51."""
    socket = dial()
    socket.client.send(message("one_way"))

    assert target.recorder.wait_for("one_way", socket.connection_id).header("X-Conformance-Route") == "one_way"


@pytest.mark.parametrize(
    "text", [message("nowhere"), message("ONE_WAY"), "{}", '{"action": 5}', "no JSON", '"one_way"']
)
def test_default_route(target: Target, dial: Dial, text: str) -> None:
    """Rows 53 and 54: keys are compared exactly, and what is no JSON goes to `$default`."""
    socket = dial()
    socket.client.send(text)

    assert target.recorder.wait_for("default", socket.connection_id).body == text.encode()


@pytest.mark.parametrize("key", ["$connect", "$disconnect"])
def test_built_in_routes_cannot_be_asked_for(target: Target, dial: Dial, key: str) -> None:
    """Row 55, unsettled: the event is a message, whatever the body says."""
    socket = dial()
    socket.client.send(message(key))

    call = target.recorder.wait_for("default", socket.connection_id)
    assert call.header("X-Conformance-Event") == "MESSAGE"


def test_no_route(target: Target, bare: Api) -> None:
    """Row 56: "Forbidden", and the connection stays open."""
    with target.open(bare) as socket:
        texts = []
        for _ in range(2):
            socket.send(message("nowhere"))
            texts.append(socket.recv(timeout=SECONDS))

    assert [json.loads(text)["message"] for text in texts] == ["Forbidden", "Forbidden"]


def test_deployment_makes_live(target: Target, bare: Api) -> None:
    """Rows 57 and 58: a new route waits for a deployment, which reaches connections that are open."""
    with target.open(bare) as socket:
        integration = target.integration(bare.api_id, "late")
        target.control.create_route(ApiId=bare.api_id, RouteKey="late", Target=integration)
        socket.send(message("late"))
        before = json.loads(socket.recv(timeout=SECONDS))["message"]
        target.control.create_deployment(ApiId=bare.api_id, StageName=bare.stage)
        for attempt in range(60):
            socket.send(message("late", attempt=attempt))
            try:
                socket.recv(timeout=1)
            except TimeoutError:
                break

    assert before == "Forbidden"
    assert target.recorder.wait_for("late").header("X-Conformance-Route") == "late"


@pytest.mark.parametrize("route", ["one_way", "expression_only"])
def test_one_way(target: Target, dial: Dial, route: str) -> None:
    """Row 61: without a route response nothing comes back; the next two-way reply is the first frame."""
    socket = dial()
    socket.client.send(message(route, body="unheard"))
    target.recorder.wait_for(route, socket.connection_id)

    assert answer(socket, message("two_way", body="heard")) == "heard"


@pytest.mark.parametrize("status", [200, 202, 400, 404, 500])
def test_two_way(dial: Dial, status: int) -> None:
    """Row 62: whatever its status."""
    assert answer(dial(), message("two_way", status=status, body="grüß dich")) == "grüß dich"


def test_empty_reply(dial: Dial) -> None:
    """Row 63."""
    assert answer(dial(), message("two_way")) == ""


def test_unreachable_backend(dial: Dial) -> None:
    """Row 66."""
    assert json.loads(answer(dial(), message("unreachable")))["message"] == "Internal server error"


def test_timeout(dial: Dial) -> None:
    """Row 67."""
    assert json.loads(answer(dial(), message("short", delay=3)))["message"] == "Endpoint request timed out"


def test_failure_on_a_one_way_route(target: Target, dial: Dial) -> None:
    """Row 68, unsettled: nothing is sent."""
    socket = dial()
    socket.client.send(message("one_way", status=500))
    target.recorder.wait_for("one_way", socket.connection_id)

    assert answer(socket, message("two_way", body="next")) == "next"


def test_text_of_an_error_frame(dial: Dial) -> None:
    """Row 69."""
    socket = dial()
    match = FRAME.fullmatch(str(answer(socket, message("short", delay=3))))

    assert match is not None
    assert match[2] == socket.connection_id


def test_largest_message(target: Target, dial: Dial) -> None:
    """Rows 71 and 73: 128 KB in frames of 32 KB make one call."""
    socket = dial()
    socket.client.send(["x" * 32_768] * 4)

    assert len(target.recorder.wait_for("default", socket.connection_id).body) == 131_072


def test_message_too_large(dial: Dial) -> None:
    """Row 71."""
    socket = dial()
    socket.client.send(["x" * 32_768] * 4 + ["x"])

    assert end_of(socket) == 1009


def test_frame_too_large(target: Target, dial: Dial) -> None:
    """Rows 72 and 88."""
    socket = dial()
    socket.client.send("x" * 32_769)

    assert end_of(socket) == 1009
    assert target.recorder.wait_for("disconnect", socket.connection_id).header("X-Conformance-Code") == "1009"


def test_large_callback_comes_in_frames(dial: Dial, management: Any) -> None:
    """Row 74."""
    socket = dial()
    management.post_to_connection(ConnectionId=socket.connection_id, Data=b"x" * 100_000)
    fragments = list(socket.client.recv_streaming())

    assert sum(map(len, fragments)) == 100_000
    assert max(map(len, fragments)) <= 32_768


def test_binary(dial: Dial) -> None:
    """Row 75."""
    socket = dial()
    socket.client.send(b"\x00\x01")

    assert end_of(socket) == 1003


def test_invalid_utf8(dial: Dial) -> None:
    """Row 76: what RFC 6455 says; AWS is not verified."""
    socket = dial()
    with socket.client.send_context():
        socket.client.protocol.send_text(b"\xff\xfe")

    assert end_of(socket) == 1007


def test_ping(dial: Dial) -> None:
    """Row 78."""
    assert dial().client.ping().wait(SECONDS)
