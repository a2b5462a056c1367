"""Messages: which route they take, and what the backend gets of them (AWS facts 1.6, 2 and 3)."""

from emulator.snapshot import Route
from gateway.testing.emulator import RunningEmulator
from tests.emulator.backend import Backend
from tests.emulator.conftest import Dial
from tests.emulator.conversation import assert_alive, error_of
from tests.emulator.stages import API_ID, Stages, route, stage_of


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


def test_no_route(stages: Stages, dial: Dial, backend: Backend) -> None:
    """AWS facts 3: without a route the client gets "Forbidden", and the connection stays open."""
    stages.add(stage_of(route("echo", backend.url, two_way=True)))
    socket = dial()

    socket.send('{"action": "unknown"}')

    assert error_of(socket) == "Forbidden"
    assert_alive(socket, backend)


def test_deleted_stage(stages: Stages, dial: Dial) -> None:
    """When the stage is deleted under an open connection, its messages find no route."""
    socket = dial()
    stages.stages.clear()

    socket.send("hello")

    assert error_of(socket) == "Forbidden"


def test_route_without_an_integration(stages: Stages, dial: Dial) -> None:
    """A route that leads nowhere makes "Internal server error"."""
    stages.add(stage_of(Route(route_id="r", route_key="$default", integration=None)))
    socket = dial()

    socket.send("hello")

    assert error_of(socket) == "Internal server error"


def test_refused_mapping(stages: Stages, dial: Dial, backend: Backend) -> None:
    """AWS facts 2.2: an integration that maps a header it may not set makes "Internal server error"."""
    parameters = {"integration.request.header.X-Amzn-Trace-Id": "'mine'"}
    stages.add(stage_of(route("$default", backend.url, parameters=parameters)))
    socket = dial()

    socket.send("hello")

    assert error_of(socket) == "Internal server error"
