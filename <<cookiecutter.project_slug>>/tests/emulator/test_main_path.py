"""The whole way once: handshake, message, reply, callback, close."""

from typing import Any

import pytest

from gateway.testing.emulator import RunningEmulator
from tests.emulator.backend import Backend, Reply
from tests.emulator.conftest import Dial


def test_main_path(emulator: RunningEmulator, dial: Dial, backend: Backend, management: Any) -> None:
    """A client connects, sends, is answered, is written to and is closed; the backend sees each event once."""
    backend.replies["echo"] = Reply(body=b"pong")
    socket = dial()
    connected = backend.next_for("connect")
    assert connected.header("X-Gateway-Event") == "CONNECT"
    connection_id = connected.header("X-Gateway-Connection-Id")

    socket.send('{"action": "echo"}')
    assert backend.next().header("X-Gateway-Event") == "MESSAGE"
    assert socket.recv(timeout=5) == "pong"

    management.post_to_connection(ConnectionId=connection_id, Data=b"hello")
    assert socket.recv(timeout=5) == "hello"

    management.delete_connection(ConnectionId=connection_id)
    assert backend.next().header("X-Gateway-Event") == "DISCONNECT"
    with pytest.raises(management.exceptions.GoneException):
        management.post_to_connection(ConnectionId=connection_id, Data=b"too late")
