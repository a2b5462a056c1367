"""What can go wrong with `@connections` on AWS, on purpose: the faults of posts."""

import threading
from typing import Any

import pytest

from emulator.clock import ManualClock
from gateway.testing.emulator import RunningEmulator
from tests.emulator.backend import Backend, Reply
from tests.emulator.conftest import Dial, management_error


def test_throttled_by_fault(emulator: RunningEmulator, connection_id: str, management: Any) -> None:
    """The fault `throttle-posts`: boto3 raises LimitExceededException."""
    emulator.faults.turn_on("throttle-posts")

    with pytest.raises(management.exceptions.LimitExceededException):
        management.post_to_connection(ConnectionId=connection_id, Data=b"x")


def test_failing_by_fault(emulator: RunningEmulator, connection_id: str, management: Any) -> None:
    """The fault `fail-posts`: the status is the one asked for."""
    emulator.faults.turn_on("fail-posts", 503)

    assert management_error(management.post_to_connection, ConnectionId=connection_id, Data=b"x")[0] == 503


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
