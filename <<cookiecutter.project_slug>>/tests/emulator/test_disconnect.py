"""`$disconnect`: its code and reason, at most once, and what may happen to it (AWS facts 1.5)."""

import struct
from typing import Any

import pytest

from emulator.clock import ManualClock
from emulator.switches import Switches
from gateway.testing.emulator import RunningEmulator, running_emulator
from tests.emulator.backend import Backend, Reply
from tests.emulator.conftest import Dial, management_client
from tests.emulator.raw_client import BINARY, CLOSE, TEXT, raw_client
from tests.emulator.stages import API_ID, STAGE, Stages, route, stage_of

MAPPED = {
    "integration.request.header.X-Id": "context.connectionId",
    "integration.request.header.X-Code": "context.disconnectStatusCode",
    "integration.request.header.X-Reason": "context.disconnectReason",
    "integration.request.header.X-Ip": "context.identity.sourceIp",
    "integration.request.header.X-Agent": "context.identity.userAgent",
}


@pytest.fixture
def stages(backend: Backend) -> Stages:
    stages = Stages()
    keys = ("$connect", "$disconnect", "$default")
    stages.add(stage_of(*(route(key, backend.url, parameters=MAPPED) for key in keys)))
    return stages


def ending_of(backend: Backend) -> tuple[str | None, str | None]:
    received = backend.next_for("disconnect")
    return received.header("X-Code"), received.header("X-Reason")


def test_client_code_and_reason(dial: Dial, backend: Backend) -> None:
    """AWS facts 1.5: the client's code and reason reach the backend."""
    dial().close(4001, "tired")

    assert ending_of(backend) == ("4001", "tired")


def test_client_code_without_a_reason(dial: Dial, backend: Backend) -> None:
    """AWS facts 1.5 and unsure 14: an empty reason is not set."""
    dial().close(1001)

    assert ending_of(backend) == ("1001", None)


def test_client_without_a_code(emulator: RunningEmulator, backend: Backend) -> None:
    """AWS facts 1.5: a close frame without a status is reported as 1005, in AWS's words."""
    with raw_client(emulator.port) as client:
        client.upgrade()
        client.send(CLOSE)

        assert ending_of(backend) == ("1005", "Client-side close frame status not set")


def test_delete(emulator: RunningEmulator, dial: Dial, backend: Backend, management: Any) -> None:
    """AWS facts 1.5: `DELETE @connections` is followed by `$disconnect` with 1000."""
    dial()
    (connection,) = emulator.connections()

    management.delete_connection(ConnectionId=connection.connection_id)

    assert ending_of(backend) == ("1000", "Connection Closed Normally")


def test_idle(emulator: RunningEmulator, dial: Dial, backend: Backend) -> None:
    """AWS facts 1.5: an idle connection ends with 1001 "Going away"."""
    dial()

    emulator.advance(600)

    assert ending_of(backend) == ("1001", "Going away")


@pytest.mark.parametrize(("opcode", "data", "code"), [(BINARY, b"x", "1003"), (TEXT, b"x" * 32_769, "1009")])
def test_breach(emulator: RunningEmulator, backend: Backend, opcode: int, data: bytes, code: str) -> None:
    """AWS facts 1.5: a breach of the rules is reported with the code that closed the connection."""
    with raw_client(emulator.port) as client:
        client.upgrade()
        client.send(opcode, data)

        assert ending_of(backend)[0] == code


def test_lost_connection(emulator: RunningEmulator, backend: Backend) -> None:
    """AWS facts 1.5: a lost TCP connection is reported as 1006 when it is noticed."""
    with raw_client(emulator.port) as client:
        client.upgrade()

    assert ending_of(backend) == ("1006", None)


def test_lost_connection_by_switch(stages: Stages, backend: Backend) -> None:
    """AWS facts 1.5: it may never be reported."""
    with running_emulator(store=stages, switches=Switches(disconnect_on_loss=False)) as emulator:
        with raw_client(emulator.port) as client:
            client.upgrade()
            backend.next_for("connect")
        assert_no_disconnect(emulator, backend)


def test_delete_by_switch(stages: Stages, backend: Backend) -> None:
    """AWS facts, unsure 27: `$disconnect` may not follow `DELETE @connections`."""
    with running_emulator(store=stages, switches=Switches(disconnect_after_delete=False)) as emulator:
        with raw_client(emulator.port) as client:
            client.upgrade()
            connection_id = backend.next_for("connect").header("X-Id")
            management = management_client(f"{emulator.url}/_apis/{API_ID}/{STAGE}")
            management.delete_connection(ConnectionId=connection_id)
            assert client.close_code() == 1000
            client.send(CLOSE, struct.pack("!H", 1000))
        assert_no_disconnect(emulator, backend)


def assert_no_disconnect(emulator: RunningEmulator, backend: Backend) -> None:
    """A later connection's event is the next one that the backend sees: the emulator handles them in order."""
    wait_until_closed(emulator)
    with raw_client(emulator.port) as client:
        client.upgrade()
        assert backend.next().path == "/connect"


def wait_until_closed(emulator: RunningEmulator) -> None:
    while emulator.connections():
        pass


def test_address_and_agent_are_kept(dial: Dial, backend: Backend) -> None:
    """AWS facts 1.6: the client's address and User-Agent are still known on `$disconnect`."""
    dial(user_agent_header="Browser/1").close()

    received = backend.next_for("disconnect")

    assert (received.header("X-Ip"), received.header("X-Agent")) == ("127.0.0.1", "Browser/1")


def test_call_on_the_wire(dial: Dial, backend: Backend) -> None:
    """AWS facts 2.1: `$disconnect` has no body, no query string and the gateway's User-Agent."""
    dial(f"/{STAGE}?channel=lobby").close()

    received = backend.next_for("disconnect")

    assert (received.path, received.body) == ("/disconnect", b"")
    assert received.header("User-Agent") == f"AmazonAPIGateway_{API_ID}"


def test_gone_before_the_backend_knows(dial: Dial, backend: Backend, management: Any) -> None:
    """AWS facts 1.5: inside `$disconnect` the connection is gone already (410)."""
    dial().close()
    connection_id = backend.next_for("disconnect").header("X-Id")

    with pytest.raises(management.exceptions.GoneException):
        management.post_to_connection(ConnectionId=connection_id, Data=b"?")


def test_disconnect_is_optional(stages: Stages, emulator: RunningEmulator, backend: Backend) -> None:
    """AWS facts 1.1: without a `$disconnect` route nobody is told."""
    stages.add(stage_of(route("$connect", backend.url, parameters=MAPPED)))
    with raw_client(emulator.port) as client:
        client.upgrade()
        backend.next_for("connect")
        client.send(CLOSE)

    assert_no_disconnect(emulator, backend)


def test_refused_connect_has_no_disconnect(stages: Stages, emulator: RunningEmulator, backend: Backend) -> None:
    """AWS facts, unsure 9: a refused `$connect` is not followed by `$disconnect`."""
    backend.replies["connect"] = Reply(status=403)
    with raw_client(emulator.port) as client:
        client.upgrade()
    backend.next_for("connect")
    backend.replies.clear()

    assert_no_disconnect(emulator, backend)


def test_failing_disconnect_is_not_repeated(dial: Dial, emulator: RunningEmulator, backend: Backend) -> None:
    """AWS facts 1.5: `$disconnect` is best effort: a failure is not tried again."""
    backend.replies["disconnect"] = Reply(status=500)
    dial().close()
    backend.next_for("disconnect")

    assert_no_disconnect(emulator, backend)


def test_lost_by_fault(emulator: RunningEmulator, dial: Dial, backend: Backend) -> None:
    """The fault `lose-disconnect`: nobody is told."""
    emulator.faults.turn_on("lose-disconnect")
    socket = dial()
    backend.next_for("connect")
    socket.close()

    assert_no_disconnect(emulator, backend)


def test_duplicated_by_fault(emulator: RunningEmulator, dial: Dial, backend: Backend) -> None:
    """The fault `duplicate-disconnect`: the same event comes twice."""
    emulator.faults.turn_on("duplicate-disconnect")
    dial().close()

    first, second = backend.next_for("disconnect"), backend.next_for("disconnect")

    assert first.header("X-Id") == second.header("X-Id")


def test_delayed_by_fault(emulator: RunningEmulator, dial: Dial, backend: Backend, clock: ManualClock) -> None:
    """The fault `delay-disconnect`: the event comes after that time, not before."""
    emulator.faults.turn_on("delay-disconnect", 60)
    socket = dial()
    backend.next_for("connect")
    socket.close()
    assert_no_disconnect(emulator, backend)

    emulator.advance(60)

    assert backend.next_for("disconnect").header("X-Code") == "1000"
