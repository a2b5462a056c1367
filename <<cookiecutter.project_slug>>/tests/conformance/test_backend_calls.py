"""What the backend is told. The numbers are rows of the fidelity table."""

from collections.abc import Callable

from tests.conformance.recorder import Call
from tests.conformance.target import Api, Socket, Target

Dial = Callable[..., Socket]


def message_of(target: Target, socket: Socket, text: str) -> Call:
    """The call that a message makes to `$default`."""
    socket.client.send(text)
    return target.recorder.wait_for("default", socket.connection_id)


def test_ordinary_request(target: Target, dial: Dial) -> None:
    """Row 24: no `Upgrade`, neither on `$connect` nor on messages."""
    socket = dial()
    for call in (socket.connected, message_of(target, socket, "hello")):
        assert call.method == "POST"
        assert call.header("Upgrade") is None
        assert (call.header("Connection") or "").lower() != "upgrade"


def test_client_headers(dial: Dial) -> None:
    """Row 25."""
    headers = {"Cookie": "a=b", "X-Own": "mine", "Authorization": "Bearer x"}
    call = dial(additional_headers=headers, origin="https://site.example").connected

    assert {name: call.header(name) for name in headers} == headers
    assert call.header("Origin") == "https://site.example"


def test_no_client_headers_on_messages(target: Target, dial: Dial) -> None:
    """Row 27."""
    call = message_of(target, dial(additional_headers={"Cookie": "a=b", "X-Own": "mine"}), "hello")

    assert [call.header(name) for name in ("Cookie", "X-Own", "Origin", "Sec-WebSocket-Key")] == [None] * 4


def test_user_agent(target: Target, dial: Dial, api: Api) -> None:
    """Row 28: the client's on `$connect`, the gateway's afterwards."""
    socket = dial()

    assert socket.connected.header("User-Agent") == "Conformance/1"
    assert message_of(target, socket, "hello").header("User-Agent") == f"AmazonAPIGateway_{api.api_id}"


def test_forwarded_for(dial: Dial) -> None:
    """Row 29: the client's true address is there, and its own claims stand to the left of it."""
    call = dial(additional_headers={"X-Forwarded-For": "192.0.2.99"}).connected
    addresses = [part.strip() for part in (call.header("X-Forwarded-For") or "").split(",")]
    true_address = call.header("X-Conformance-Source-Ip") or ""

    assert addresses.index("192.0.2.99") < addresses.index(true_address)


def test_gateway_headers(target: Target, dial: Dial, api: Api) -> None:
    """Row 31: forged ones do not pass."""
    forged = {"X-Amzn-Apigateway-Api-Id": "forged", "X-Amzn-Trace-Id": "forged"}
    socket = dial(additional_headers=forged)
    for call in (socket.connected, message_of(target, socket, "hello")):
        assert call.header("X-Amzn-Apigateway-Api-Id") == api.api_id
        assert (call.header("X-Amzn-Trace-Id") or "").startswith("Root=1-")


def test_payload_is_unchanged(target: Target, dial: Dial) -> None:
    """Row 34."""
    text = '{"action" :  "nowhere",\n "text": "grüß dich \U0001f44b"}'

    assert message_of(target, dial(), text).body == text.encode()


def test_no_body(target: Target, dial: Dial) -> None:
    """Row 24: `$connect` and `$disconnect` have none."""
    socket = dial()
    socket.client.close()

    assert socket.connected.body == b""
    assert target.recorder.wait_for("disconnect", socket.connection_id).body == b""


def test_mapped_values(target: Target, dial: Dial, api: Api) -> None:
    """Rows 33 and 36: context, literals and stage variables."""
    socket = dial()
    call = message_of(target, socket, "hello")
    mapped = {
        name: call.header(f"X-Conformance-{name}")
        for name in ("Event", "Route", "Stage", "Api-Id", "Literal", "Colour")
    }

    assert mapped == {
        "Event": "MESSAGE",
        "Route": "$default",
        "Stage": api.stage,
        "Api-Id": api.api_id,
        "Literal": "fixed text",
        "Colour": "blue",
    }
    assert call.header("X-Conformance-Message-Id")
    assert (call.header("X-Conformance-Connected-At") or "").isdecimal()
    assert socket.connected.header("X-Conformance-Event") == "CONNECT"


def test_mapped_query_parameter(dial: Dial) -> None:
    """Rows 37, 38 and 43: a declared parameter of the client is mapped, and a mapped one stands beside the client's own."""
    call = dial({"wanted": "me", "mapped": "mine"}).connected

    assert call.header("X-Conformance-Wanted") == "me"
    assert set(call.query["mapped"]) == {"mine", "CONNECT"}


def test_unset_value(dial: Dial) -> None:
    """Row 39: `context.messageId` on `$connect`; whether the header is absent or empty is unsettled."""
    assert not dial().connected.header("X-Conformance-Message-Id")


def test_mapped_header_replaces_the_clients(dial: Dial) -> None:
    """Row 40."""
    call = dial(additional_headers={"X-Conformance-Literal": "forged"}).connected

    assert call.header("X-Conformance-Literal") == "fixed text"
