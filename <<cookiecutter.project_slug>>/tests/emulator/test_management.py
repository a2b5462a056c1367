"""`@connections` for unmodified boto3: what its calls do, and when they are refused (AWS facts 6)."""

import socket as sockets
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from websockets.exceptions import ConnectionClosed

from emulator.clock import ManualClock
from gateway.testing.emulator import RunningEmulator, running_emulator
from tests.emulator.backend import Backend, Reply
from tests.emulator.conftest import UNKNOWN, Dial, management_client, management_error
from tests.emulator.raw_client import raw_client
from tests.emulator.stages import API_ID, STAGE, Stages, stage_of


def test_post(dial: Dial, emulator: RunningEmulator, management: Any) -> None:
    """AWS facts 6.1: POST delivers the bytes as a text message and answers 200."""
    socket = dial()
    (connection,) = emulator.connections()

    answer = management.post_to_connection(ConnectionId=connection.connection_id, Data="grüß dich 😀")

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert socket.recv(timeout=5) == "grüß dich 😀"


def test_post_of_128_kb(dial: Dial, emulator: RunningEmulator, management: Any) -> None:
    """AWS facts 5: 131,072 bytes may be sent."""
    socket = dial()
    (connection,) = emulator.connections()

    management.post_to_connection(ConnectionId=connection.connection_id, Data=b"x" * 131_072)

    assert socket.recv(timeout=5) == "x" * 131_072


@pytest.mark.parametrize("size", [131_073, 3_000_000])
def test_post_too_large(connection_id: str, management: Any, size: int) -> None:
    """AWS facts 6.2: more than 128 KB is refused with 413."""
    status, code, _ = management_error(management.post_to_connection, ConnectionId=connection_id, Data=b"x" * size)

    assert (status, code) == (413, "PayloadTooLargeException")


def test_post_of_bytes_that_are_no_text(dial: Dial, emulator: RunningEmulator, management: Any) -> None:
    """AWS facts, unsure 22: bytes that are no UTF-8 are replaced, since a text frame cannot hold them."""
    socket = dial()
    (connection,) = emulator.connections()

    management.post_to_connection(ConnectionId=connection.connection_id, Data=b"a\xffb")

    assert socket.recv(timeout=5) == "a�b"


def test_get(emulator: RunningEmulator, dial: Dial, management: Any, clock: ManualClock) -> None:
    """AWS facts 6.1: GET describes the connection, with times that botocore parses."""
    started = clock.now()
    dial(user_agent_header="Browser/1")
    (connection,) = emulator.connections()
    emulator.advance(60)
    management.post_to_connection(ConnectionId=connection.connection_id, Data=b"x")

    found = management.get_connection(ConnectionId=connection.connection_id)

    assert found["ConnectedAt"] == datetime.fromtimestamp(started, UTC)
    assert found["LastActiveAt"] == datetime.fromtimestamp(started + 60, UTC)
    assert found["Identity"] == {"SourceIp": "127.0.0.1", "UserAgent": "Browser/1"}


def test_delete(dial: Dial, emulator: RunningEmulator, management: Any) -> None:
    """AWS facts 1.5 and 6.1: DELETE answers 204 and closes with 1000 "Connection Closed Normally"."""
    socket = dial()
    (connection,) = emulator.connections()

    answer = management.delete_connection(ConnectionId=connection.connection_id)

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=5)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1000, "Connection Closed Normally")


@pytest.mark.parametrize("operation", ["post_to_connection", "get_connection", "delete_connection"])
def test_gone(management: Any, operation: str) -> None:
    """AWS facts 6.2: an id that is not connected is answered with 410, which boto3 raises as GoneException."""
    data = {"Data": b"x"} if operation == "post_to_connection" else {}

    with pytest.raises(management.exceptions.GoneException):
        getattr(management, operation)(ConnectionId=UNKNOWN, **data)


def test_gone_as_soon_as_deleted(connection_id: str, management: Any) -> None:
    """After DELETE the id is gone at once, whether or not the client has answered the close frame."""
    management.delete_connection(ConnectionId=connection_id)

    with pytest.raises(management.exceptions.GoneException):
        management.post_to_connection(ConnectionId=connection_id, Data=b"x")


@pytest.mark.parametrize("malformed", ["abcde", "AAAAAAAAAAAAAA!=", "a/b", "x" * 200, "äöü"])
def test_malformed_id(management: Any, malformed: str) -> None:
    """AWS facts 6.2: a malformed id is answered with 400 "Invalid connectionId"."""
    status, code, message = management_error(management.post_to_connection, ConnectionId=malformed, Data=b"x")

    assert (status, code) == (400, "BadRequestException")
    assert message == f"Invalid connectionId: {malformed}"


def test_connection_of_another_stage(stages: Stages, emulator: RunningEmulator, connection_id: str) -> None:
    """A connection belongs to its stage: from another one it cannot be addressed."""
    stages.add(stage_of(stage_name="staging"))
    other = management_client(f"{emulator.url}/_apis/{API_ID}/staging")

    assert management_error(other.get_connection, ConnectionId=connection_id)[0] == 410


def test_post_during_connect(dial: Dial, backend: Backend, management: Any) -> None:
    """AWS facts 6.2: while its own `$connect` runs, a connection cannot be addressed (410)."""
    gate = threading.Event()
    backend.replies["connect"] = Reply(gate=gate)
    thread = threading.Thread(target=dial, daemon=True)
    thread.start()
    connection_id = backend.next_for("connect").header("X-Gateway-Connection-Id")

    with pytest.raises(management.exceptions.GoneException):
        management.post_to_connection(ConnectionId=connection_id, Data=b"x")

    gate.set()
    thread.join(5)


def test_slow_reader(stages: Stages, backend: Backend) -> None:
    """AWS facts 6.2: a client that does not read fills its bounded buffer, and callbacks are answered with 429."""
    with running_emulator(store=stages) as emulator, raw_client(emulator.port) as client:
        client.sock.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        client.upgrade()
        connection_id = backend.next_for("connect").header("X-Gateway-Connection-Id")
        management = management_client(f"{emulator.url}/_apis/{API_ID}/{STAGE}")

        status, code = 0, ""
        for _ in range(500):
            try:
                management.post_to_connection(ConnectionId=connection_id, Data=b"x" * 131_072)
            except ClientError as error:
                status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                code = error.response["Error"]["Code"]
                break

        assert (status, code) == (429, "LimitExceededException")
