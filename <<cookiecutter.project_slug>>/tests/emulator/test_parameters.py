"""Request parameters and headers, as pure functions (AWS facts 2.1 and 2.2)."""

from collections.abc import Collection

import pytest

from emulator.backend_request import BackendRequest, Event, build
from emulator.parameters import Handshake, RefusedTargetError
from emulator.snapshot import Integration
from emulator.switches import Switches
from tests.emulator.stages import API_ID, stage_of

CONTEXT = {
    "connectionId": "JC1dgf9yoAMCK-g=",
    "identity.sourceIp": "203.0.113.7",
    "messageId": None,
    "disconnectReason": "bye\r\nX-Injected: yes",
}
HEADER = "integration.request.header."
DECLARED = (
    "route.request.header.Origin",
    "route.request.header.X-Two",
    "route.request.querystring.channel",
    "route.request.querystring.tag",
)
HANDSHAKE = Handshake(
    headers=[
        ("Host", "gateway.example.com"),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("TE", "trailers"),
        ("Via", "1.1 proxy"),
        ("Content-MD5", "x"),
        ("Origin", "https://www.example.com"),
        ("Cookie", "sessionid=1"),
        ("X-Forwarded-For", "198.51.100.1"),
        ("X-Amzn-Trace-Id", "Root=forged"),
        ("x-ws-secret", "forged"),
        ("X_Ws_Secret", "forged"),
        ("Sec-WebSocket-Key", "abc"),
        ("User-Agent", "Browser/1"),
        ("X-Two", "1"),
        ("X-Two", "2"),
    ],
    query_string="channel=lobby&tag=a&tag=b&ws_token=s3cr3t",
)


def call(
    parameters: dict[str, str],
    *,
    body: str = "",
    handshake: Handshake | None = None,
    uri: str = "http://backend/ws",
    method: str = "POST",
    switches: Switches | None = None,
    declared: Collection[str] | None = None,
) -> BackendRequest:
    integration = Integration(integration_id="i", uri=uri, method=method, request_parameters=parameters)
    stage = stage_of(stage_variables={"color": "blue", "host": "b.example.com"})
    event = Event(context=CONTEXT, trace_id="Root=1-0-0", body=body, handshake=handshake)
    return build(integration, stage, event, switches or Switches(), declared=DECLARED if declared is None else declared)


def values(request: BackendRequest, name: str) -> list[str]:
    return [value for key, value in request.headers if key.lower() == name.lower()]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        pytest.param("'a literal'", "a literal", id="literal"),
        pytest.param("''", "", id="empty literal"),
        pytest.param("context.connectionId", "JC1dgf9yoAMCK-g=", id="context"),
        pytest.param("context.identity.sourceIp", "203.0.113.7", id="nested context"),
        pytest.param("stageVariables.color", "blue", id="stage variable"),
        pytest.param("route.request.body", '{"a": {"b": [1, "x"]}, "ok": true}', id="whole body"),
        pytest.param("route.request.body.a.b[1]", "x", id="body path"),
        pytest.param("route.request.body.a.b", "[1, x]", id="body array"),
        pytest.param("route.request.body.ok", "true", id="body boolean"),
    ],
)
def test_value(expression: str, value: str) -> None:
    """AWS facts 2.2: where a mapped value may come from."""
    request = call({HEADER + "X-Mapped": expression}, body='{"a": {"b": [1, "x"]}, "ok": true}')

    assert values(request, "X-Mapped") == [value]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        pytest.param("route.request.header.Origin", "https://www.example.com", id="header"),
        pytest.param("route.request.header.origin", "https://www.example.com", id="header in another case"),
        pytest.param("route.request.header.X-Two", "2", id="last of several headers"),
        pytest.param("route.request.multivalueheader.X-Two", "1,2", id="all of several headers"),
        pytest.param("route.request.querystring.channel", "lobby", id="query parameter"),
        pytest.param("route.request.querystring.tag", "b", id="last of several parameters"),
        pytest.param("route.request.multivaluequerystring.tag", "a,b", id="all of several parameters"),
    ],
)
def test_value_of_the_handshake(expression: str, value: str) -> None:
    """AWS facts 2.2: on `$connect` the client's headers and query string can be mapped too."""
    assert values(call({HEADER + "X-Mapped": expression}, handshake=HANDSHAKE), "X-Mapped") == [value]


@pytest.mark.parametrize("expression", ["route.request.header.Origin", "route.request.querystring.channel"])
def test_undeclared_value_of_the_handshake(expression: str) -> None:
    """AWS facts 2.2: a parameter of the handshake must be declared by the route, or it cannot be mapped."""
    request = call({HEADER + "X-Mapped": expression}, handshake=HANDSHAKE, declared=())

    assert values(request, "X-Mapped") == []


@pytest.mark.parametrize(
    "expression",
    [
        "context.messageId",
        "context.unknown",
        "stageVariables.unknown",
        "route.request.body.unknown",
        "route.request.header.Origin",
        "route.request.querystring.channel",
    ],
)
def test_unset_value(expression: str) -> None:
    """AWS facts, unsure 14: what is not set on an event is left out, or sent empty by a switch."""
    parameters = {HEADER + "X-Mapped": expression}

    assert values(call(parameters, body="{}"), "X-Mapped") == []
    assert values(call(parameters, body="{}", switches=Switches(send_empty_parameters=True)), "X-Mapped") == [""]


def test_mapped_header_replaces_the_clients() -> None:
    """AWS facts 2.2: a mapped header replaces a client header of its name, in any case."""
    request = call({HEADER + "X-Ws-Secret": "'right'"}, handshake=HANDSHAKE)

    assert values(request, "X-Ws-Secret") == ["right"]


def test_case_variants_by_switch() -> None:
    """AWS facts, unsure 11: a client header that differs in case may survive beside the mapped one."""
    switches = Switches(keep_case_variants=True)

    request = call({HEADER + "X-Ws-Secret": "'right'"}, handshake=HANDSHAKE, switches=switches)

    assert values(request, "X-Ws-Secret") == ["forged", "right"]


def test_underscore_twin_is_kept() -> None:
    """AWS facts 10: `X_Ws_Secret` is another name to the gateway; the backend must not confuse the two."""
    request = call({HEADER + "X-Ws-Secret": "'right'"}, handshake=HANDSHAKE)

    assert values(request, "X_Ws_Secret") == ["forged"]


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", "X-Amzn-Trace-Id", "X-Amzn-Apigateway-Api-Id"])
def test_refused_target(name: str) -> None:
    """AWS facts 2.2: mapping one of these headers makes every call fail."""
    with pytest.raises(RefusedTargetError):
        call({HEADER + name: "'1'"})


@pytest.mark.parametrize("name", ["Expect", "TE", "Proxy-Authenticate", "Via", "Connection"])
def test_ignored_target(name: str) -> None:
    """AWS facts 2.2: mapping one of these headers does nothing."""
    assert values(call({HEADER + name: "'1'"}), name) == []


@pytest.mark.parametrize("name", ["Host", "User-Agent", "Accept", "Content-Type"])
def test_allowed_target(name: str) -> None:
    """AWS facts 2.2: these headers may be mapped, and replace the gateway's own."""
    assert values(call({HEADER + name: "'mine'"}), name) == ["mine"]


def test_header_injection() -> None:
    """A close reason with line breaks cannot add a header of its own."""
    request = call({HEADER + "X-Reason": "context.disconnectReason"})

    assert values(request, "X-Reason") == ["bye  X-Injected: yes"]


@pytest.mark.parametrize("name", ["Upgrade", "Connection", "TE", "Via", "Content-MD5", "Host"])
def test_dropped_client_header(name: str) -> None:
    """AWS facts 2.1: hop-by-hop headers and REST's drop list do not reach the backend."""
    assert values(call({}, handshake=HANDSHAKE), name) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Origin", "https://www.example.com"),
        ("Cookie", "sessionid=1"),
        ("Sec-WebSocket-Key", "abc"),
        ("User-Agent", "Browser/1"),
        ("X-Amzn-Apigateway-Api-Id", API_ID),
        ("X-Amzn-Trace-Id", "Root=1-0-0"),
        ("X-Forwarded-For", "198.51.100.1, 203.0.113.7"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Port", "443"),
        ("Accept", "application/json"),
        ("Content-Length", "0"),
    ],
)
def test_connect_header(name: str, value: str) -> None:
    """AWS facts 2.1, `$connect`: the client's headers, and the gateway's own instead of forged ones."""
    assert values(call({}, handshake=HANDSHAKE), name) == [value]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("User-Agent", [f"AmazonAPIGateway_{API_ID}"]),
        ("X-Amzn-Apigateway-Api-Id", [API_ID]),
        ("X-Amzn-Trace-Id", ["Root=1-0-0"]),
        ("Accept", ["application/json"]),
        ("Content-Length", ["5"]),
        ("Content-Type", []),
        ("X-Forwarded-For", []),
        ("Origin", []),
        ("Cookie", []),
    ],
)
def test_message_header(name: str, expected: list[str]) -> None:
    """AWS facts 2.1, message routes: nothing of the client's, and no Content-Type unless it is mapped."""
    assert values(call({}, body="hello"), name) == expected


def test_forwarded_headers_on_messages_by_switch() -> None:
    """AWS facts, unsure 12: `X-Forwarded-*` may come on messages too."""
    request = call({}, body="hello", switches=Switches(forwarded_headers_on_messages=True))

    assert values(request, "X-Forwarded-For") == ["203.0.113.7"]


def test_content_type_of_messages_by_switch() -> None:
    """AWS facts, unsure 2: a Content-Type may come unasked."""
    request = call({}, body="hello", switches=Switches(message_content_type="text/plain"))

    assert values(request, "Content-Type") == ["text/plain"]


def test_user_agent_of_a_client_without_one() -> None:
    """AWS facts 2.1: without a client User-Agent the gateway sends its own on `$connect` too."""
    assert values(call({}, handshake=Handshake()), "User-Agent") == [f"AmazonAPIGateway_{API_ID}"]


def test_handshake_query_string_is_appended() -> None:
    """AWS facts 2.1: the query string of the socket's URL reaches the backend on `$connect`."""
    assert call({}, handshake=HANDSHAKE).url == f"http://backend/ws?{HANDSHAKE.query_string}"


def test_mapped_query_parameter_stands_beside_the_clients() -> None:
    """AWS facts 2.2: a mapped query parameter does not replace the client's of the same name."""
    parameters = {"integration.request.querystring.channel": "'mapped value'"}

    request = call(parameters, handshake=Handshake(query_string="channel=lobby"), uri="http://backend/ws?v=1")

    assert request.url == "http://backend/ws?v=1&channel=lobby&channel=mapped+value"


def test_variables_in_the_uri() -> None:
    """AWS facts 2.3: the URI may hold stage variables and mapped path parameters, which cannot leave their segment."""
    request = call(
        {"integration.request.path.room": "route.request.body.room"},
        body='{"room": "../admin"}',
        uri="http://${stageVariables.host}/ws/{room}",
    )

    assert request.url == "http://b.example.com/ws/..%2Fadmin"


def test_get_has_no_body() -> None:
    """AWS facts 2.3: an integration with GET drops the message."""
    assert call({}, body="hello", method="GET").body == b""


def test_nothing_is_sent_unless_mapped() -> None:
    """AWS facts 2.1: without a mapping the backend learns neither the connection's id nor anything else of the event."""
    request = call({}, body="hello")

    assert "JC1dgf9yoAMCK-g=" not in str(request)
