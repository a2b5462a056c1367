"""What tests say and hear on a socket, and how they wait for what makes no sound."""

import json
import time
from collections.abc import Callable

from websockets.sync.client import ClientConnection

from tests.emulator.backend import Backend, Reply


def error_of(socket: ClientConnection) -> str:
    """The message of the next frame, which is the gateway's own."""
    text = socket.recv(timeout=5)
    assert isinstance(text, str)
    error = json.loads(text)
    assert set(error) == {"message", "connectionId", "requestId"}
    return str(error["message"])


def assert_alive(socket: ClientConnection, backend: Backend) -> None:
    """The connection goes on: a message is answered, and nothing came before the answer."""
    backend.replies["echo"] = Reply(body=b"alive")
    socket.send('{"action": "echo"}')
    assert socket.recv(timeout=5) == "alive"


def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait for what nothing tells of. Fails the test when it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)
