"""Ends of connections, and `$disconnect`. The numbers are rows of the fidelity table."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from websockets.exceptions import ConnectionClosed

from tests.conformance.target import Socket, Target

Dial = Callable[..., Socket]
IDLE_SECONDS = 600
LIFE_SECONDS = 7_200
PATIENCE = 60


def test_close_is_echoed(dial: Dial) -> None:
    """Row 79."""
    socket = dial()
    socket.client.close(4001, "enough")

    assert (socket.client.close_code, socket.client.close_reason) == (4001, "enough")


def test_code_and_reason(target: Target, dial: Dial) -> None:
    """Rows 86 and 94."""
    socket = dial()
    socket.client.close(4001, "enough")
    call = target.recorder.wait_for("disconnect", socket.connection_id)

    assert call.header("X-Conformance-Event") == "DISCONNECT"
    assert (call.header("X-Conformance-Code"), call.header("X-Conformance-Reason")) == ("4001", "enough")


def test_close_without_a_code(target: Target, dial: Dial) -> None:
    """Row 87."""
    socket = dial()
    with socket.client.send_context(expected_state=socket.client.protocol.state):
        socket.client.protocol.send_close()
    call = target.recorder.wait_for("disconnect", socket.connection_id)

    assert call.header("X-Conformance-Code") == "1005"
    assert call.header("X-Conformance-Reason") == "Client-side close frame status not set"


def test_breach_is_reported(target: Target, dial: Dial) -> None:
    """Row 88."""
    socket = dial()
    socket.client.send(b"\x00")

    assert target.recorder.wait_for("disconnect", socket.connection_id).header("X-Conformance-Code") == "1003"


def test_delete(target: Target, dial: Dial, management: Any) -> None:
    """Rows 84 and 85: 1000 for the client, and `$disconnect` for the backend (unsettled)."""
    socket = dial()
    management.delete_connection(ConnectionId=socket.connection_id)
    with pytest.raises(ConnectionClosed):
        socket.client.recv(timeout=20)

    assert (socket.client.close_code, socket.client.close_reason) == (1000, "Connection Closed Normally")
    assert target.recorder.wait_for("disconnect", socket.connection_id).header("X-Conformance-Code") == "1000"


def test_gone_afterwards(target: Target, dial: Dial, management: Any) -> None:
    """Row 92."""
    socket = dial()
    socket.client.close()
    target.recorder.wait_for("disconnect", socket.connection_id)

    with pytest.raises(management.exceptions.GoneException):
        management.post_to_connection(ConnectionId=socket.connection_id, Data=b"too late")


def test_disconnect_comes_once(target: Target, dial: Dial) -> None:
    """Rows 90 and 91: a `$disconnect` that was answered is not repeated while other connections come and go."""
    first, second = dial(), dial()
    first.client.close()
    target.recorder.wait_for("disconnect", first.connection_id)
    second.client.close()
    target.recorder.wait_for("disconnect", second.connection_id)

    assert target.recorder.count("disconnect", first.connection_id) == 1


def test_idle(waits_for_minutes: None, dial: Dial) -> None:
    """Rows 80 and 82: ten minutes without messages, pings or not (unsettled): 1001 "Going away"."""
    socket = dial(ping_interval=60)
    with pytest.raises(ConnectionClosed):
        socket.client.recv(timeout=IDLE_SECONDS + PATIENCE)

    assert (socket.client.close_code, socket.client.close_reason) == (1001, "Going away")


def test_callback_keeps_it_open(waits_for_minutes: None, dial: Dial, management: Any) -> None:
    """Row 81: a message of the backend starts the ten minutes anew."""
    socket = dial()
    for _ in range(2):
        time.sleep(0.6 * IDLE_SECONDS)
        management.post_to_connection(ConnectionId=socket.connection_id, Data=b"still there?")
        assert socket.client.recv(timeout=20) == "still there?"


def test_two_hours(waits_for_minutes: None, dial: Dial) -> None:
    """Row 83: a connection that talks every five minutes ends all the same."""
    socket = dial()
    for _ in range((LIFE_SECONDS + IDLE_SECONDS) // 300):
        try:
            socket.client.send("still here")
            socket.client.recv(timeout=300)
        except TimeoutError:
            continue
        except ConnectionClosed:
            break

    assert socket.client.close_code == 1001


def test_malformed_id(management: Any) -> None:
    """Row 98."""
    with pytest.raises(ClientError, match="Invalid connectionId"):
        management.post_to_connection(ConnectionId="no/such id", Data=b"")
