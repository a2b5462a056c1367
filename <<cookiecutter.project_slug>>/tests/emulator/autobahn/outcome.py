"""How the cases send, and what they end with."""

import struct

from tests.emulator.backend import Backend
from tests.emulator.raw_client import CLOSE, RawClient


def arrived(backend: Backend) -> bytes:
    """The next message, as the backend gets it."""
    return backend.next_for("default").body


def in_pieces(client: RawClient, data: bytes, size: int) -> None:
    """Send bytes in TCP segments of that size."""
    for start in range(0, len(data), size):
        client.sock.sendall(data[start : start + size])


def closes(client: RawClient, backend: Backend, code: int) -> None:
    """The gateway closes with that code, hangs up, and no message reaches the backend."""
    assert client.close_code() == code
    client.send(CLOSE, struct.pack("!H", code))
    assert client.is_hung_up()
    assert backend.next_for("connect").method == "POST"
    assert backend.next().path.endswith("/disconnect")
