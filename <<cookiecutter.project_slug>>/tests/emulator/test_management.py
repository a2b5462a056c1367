"""`@connections` for unmodified boto3, and its errors (AWS facts 6)."""

import http.client
import json
import socket as sockets
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from websockets.exceptions import ConnectionClosed

from emulator.clock import ManualClock
from emulator.switches import Switches
from gateway.testing.emulator import RunningEmulator, running_emulator
from tests.emulator.backend import Backend, Reply
from tests.emulator.conftest import Dial, management_client
from tests.emulator.raw_client import raw_client
from tests.emulator.stages import API_ID, STAGE, Stages, route, stage_of

UNKNOWN = "AAAAAAAAAAAAAAA="


@pytest.fixture
def connection_id(dial: Dial, backend: Backend) -> str:
    """The id of an open connection."""
    dial()
    found = backend.next_for("connect").header("X-Gateway-Connection-Id")
    assert found
    return found


def error_of(call: Any, **arguments: Any) -> tuple[int, str, str]:
    """Status, code and message of the error that a call raises."""
    with pytest.raises(ClientError) as error:
        call(**arguments)
    response = error.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]


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
    status, code, _ = error_of(management.post_to_connection, ConnectionId=connection_id, Data=b"x" * size)

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
    status, code, message = error_of(management.post_to_connection, ConnectionId=malformed, Data=b"x")

    assert (status, code) == (400, "BadRequestException")
    assert message == f"Invalid connectionId: {malformed}"


def test_connection_of_another_stage(stages: Stages, emulator: RunningEmulator, connection_id: str) -> None:
    """A connection belongs to its stage: from another one it cannot be addressed."""
    stages.add(stage_of(stage_name="staging"))
    other = management_client(f"{emulator.url}/_apis/{API_ID}/staging")

    assert error_of(other.get_connection, ConnectionId=connection_id)[0] == 410


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


def test_stage_path(emulator: RunningEmulator, connection_id: str) -> None:
    """AWS facts 6.1: `/{stage}/@connections/{id}` works while one API has that stage."""
    found = management_client(f"{emulator.url}/{STAGE}").get_connection(ConnectionId=connection_id)

    assert found["Identity"]["SourceIp"] == "127.0.0.1"


def test_unknown_stage(emulator: RunningEmulator, connection_id: str) -> None:
    """A stage that does not exist is answered with 403."""
    status, code, _ = error_of(management_client(f"{emulator.url}/nowhere").get_connection, ConnectionId=connection_id)

    assert (status, code) == (403, "ForbiddenException")


def test_disabled_default_endpoint(stages: Stages, management: Any, connection_id: str, backend: Backend) -> None:
    """AWS facts 6.1: with the default endpoint disabled, callbacks must use the custom domain."""
    stages.add(stage_of(route("$connect", backend.url), execute_api_disabled=True))

    assert error_of(management.get_connection, ConnectionId=connection_id)[0] == 403


def signed_request(emulator: RunningEmulator, path: str, *, method: str = "GET", host: str = "") -> tuple[int, bytes]:
    """A request signed by botocore, sent as it is."""
    request = AWSRequest(method=method, url=f"http://{host or f'127.0.0.1:{emulator.port}'}{path}")
    SigV4Auth(Credentials("local", "local"), "execute-api", "eu-central-1").add_auth(request)
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=5)
    headers = {**dict(request.headers), **({"Host": host} if host else {})}
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_encoded_at_sign(emulator: RunningEmulator, connection_id: str) -> None:
    """AWS facts, unsure 28: `%40connections` is the same as `@connections`."""
    path = f"/{STAGE}/%40connections/{connection_id.replace('=', '%3D')}"

    assert signed_request(emulator, path)[0] == 200


def test_custom_domain(stages: Stages, emulator: RunningEmulator, connection_id: str) -> None:
    """AWS facts 6.1: on a custom domain the path has no stage, but the mapping key if there is one."""
    stage = stages.stages[API_ID, STAGE]
    stages.domains["ws.example.com", ""] = stage
    stages.domains["ws.example.com", "chat"] = stage
    encoded = connection_id.replace("=", "%3D")

    assert signed_request(emulator, f"/@connections/{encoded}", host="ws.example.com")[0] == 200
    assert signed_request(emulator, f"/chat/@connections/{encoded}", host="ws.example.com")[0] == 200


def test_path_that_fits_nothing(emulator: RunningEmulator) -> None:
    """AWS facts 6.1: another path below `@connections` is no method of the API."""
    status, body = signed_request(emulator, f"/{STAGE}/@connections/a/b", method="POST")

    assert status == 404
    assert json.loads(body)["message"] == "No method found matching route @connections/a/b for http method POST"


def test_error_type_header(emulator: RunningEmulator) -> None:
    """AWS facts 6.1: SDKs learn the error's class from the header `x-amzn-ErrorType`."""
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=5)
    connection.request("GET", f"/{STAGE}/@connections/{UNKNOWN}")
    answer = connection.getresponse()

    assert (answer.status, answer.getheader("x-amzn-ErrorType")) == (403, "ForbiddenException")
    assert json.loads(answer.read()) == {"message": "Missing Authentication Token"}


def test_wrong_secret(emulator: RunningEmulator, connection_id: str) -> None:
    """AWS facts 6.2: a wrong signature is answered with 403."""
    client = management_client(f"{emulator.url}/{STAGE}", aws_secret_access_key="wrong")

    status, code, message = error_of(client.get_connection, ConnectionId=connection_id)

    assert (status, code) == (403, "ForbiddenException")
    assert message.startswith("The request signature we calculated does not match")


def test_unknown_access_key(emulator: RunningEmulator, connection_id: str) -> None:
    """Keys that the emulator does not know pass if they sign at all: a laptop's own credentials do not matter."""
    client = management_client(f"{emulator.url}/{STAGE}", aws_access_key_id="AKIAIOSFODNN7EXAMPLE")

    assert client.get_connection(ConnectionId=connection_id)["Identity"]["SourceIp"] == "127.0.0.1"


def test_unknown_access_key_by_switch(stages: Stages) -> None:
    """By a switch unknown keys are refused."""
    with running_emulator(store=stages, switches=Switches(strict_signatures=True)) as emulator:
        client = management_client(f"{emulator.url}/{STAGE}", aws_access_key_id="AKIAIOSFODNN7EXAMPLE")

        assert error_of(client.get_connection, ConnectionId=UNKNOWN)[:2] == (403, "ForbiddenException")


def test_any_region(emulator: RunningEmulator, connection_id: str) -> None:
    """The emulator is in every region."""
    client = management_client(f"{emulator.url}/{STAGE}", region_name="ap-southeast-2")

    assert client.get_connection(ConnectionId=connection_id)["Identity"]["SourceIp"] == "127.0.0.1"


def test_throttled_by_fault(emulator: RunningEmulator, connection_id: str, management: Any) -> None:
    """The fault `throttle-posts`: boto3 raises LimitExceededException."""
    emulator.faults.turn_on("throttle-posts")

    with pytest.raises(management.exceptions.LimitExceededException):
        management.post_to_connection(ConnectionId=connection_id, Data=b"x")


def test_failing_by_fault(emulator: RunningEmulator, connection_id: str, management: Any) -> None:
    """The fault `fail-posts`: the status is the one asked for."""
    emulator.faults.turn_on("fail-posts", 503)

    assert error_of(management.post_to_connection, ConnectionId=connection_id, Data=b"x")[0] == 503


def test_late_gone_by_fault(
    emulator: RunningEmulator, dial: Dial, backend: Backend, management: Any, clock: ManualClock
) -> None:
    """The fault `late-gone`: a closed connection takes posts for a while, then it is gone."""
    emulator.faults.turn_on("late-gone", 5)
    socket = dial()
    (connection,) = emulator.connections()
    socket.close()
    backend.next_for("disconnect")

    answer = management.post_to_connection(ConnectionId=connection.connection_id, Data=b"x")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200

    emulator.advance(5)
    with pytest.raises(management.exceptions.GoneException):
        management.post_to_connection(ConnectionId=connection.connection_id, Data=b"x")


def test_hanging_post_during_connect_by_fault(
    emulator: RunningEmulator, dial: Dial, backend: Backend, management: Any
) -> None:
    """The fault `hang-post-during-connect`: the call waits, and is answered when `$connect` has finished meanwhile."""
    emulator.faults.turn_on("hang-post-during-connect", 10)
    gate = threading.Event()
    backend.replies["connect"] = Reply(gate=gate)
    dialing = threading.Thread(target=dial, daemon=True)
    dialing.start()
    connection_id = backend.next_for("connect").header("X-Gateway-Connection-Id")
    statuses: list[int] = []

    def post() -> None:
        answer = management.post_to_connection(ConnectionId=connection_id, Data=b"x")
        statuses.append(answer["ResponseMetadata"]["HTTPStatusCode"])

    posting = threading.Thread(target=post, daemon=True)
    posting.start()
    while not any(note["kind"] == "fault" for note in emulator.notes()):
        pass
    assert not statuses

    gate.set()
    dialing.join(5)
    emulator.advance(10)
    posting.join(5)

    assert statuses == [200]
