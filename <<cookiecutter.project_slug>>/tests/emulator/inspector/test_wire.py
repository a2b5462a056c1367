"""Every frame is shown: in how many a message came, what compression left of it, and the control frames by kind."""

from collections.abc import Callable

import pytest
from websockets.sync.client import connect

from gateway.testing.emulator import RunningEmulator
from tests.emulator.backend import Backend, Reply
from tests.emulator.inspector.conftest import Listener
from tests.emulator.raw_client import CLOSE, PING, PONG, frame, raw_client

Listen = Callable[..., Listener]

pytestmark = pytest.mark.usefixtures("api_id")


def test_fragments(emulator: RunningEmulator, listen: Listen) -> None:
    """Three fragments of one byte each, with the six bytes of a client's head before each."""
    with connect(f"{emulator.socket_url}/production", compression=None) as socket:
        socket.send(["a", "b", "c"])
        socket.recv(timeout=5)

    message = listen().note("message", text="abc")
    # The library ends a message in fragments with an empty one.
    assert (message["frames"], message["wire_size"], message["compressed"]) == (4, 3 + 4 * 6, False)


def test_compressed(emulator: RunningEmulator, listen: Listen, backend: Backend) -> None:
    """Both ways: the size is that of the text, beside it what went over the wire."""
    backend.replies["default"] = Reply(body=b"y" * 10_000)
    with connect(f"{emulator.socket_url}/production", compression="deflate") as socket:
        socket.send("x" * 10_000)
        socket.recv(timeout=5)

    page = listen()
    for note in (page.note("message"), page.note("sent")):
        assert (note["size"], note["frames"], note["compressed"]) == (10_000, 1, True)
        assert 10 < note["wire_size"] < 100


def test_reply_in_frames(emulator: RunningEmulator, listen: Listen, backend: Backend) -> None:
    """What the gateway splits is counted as it goes out; its heads have four bytes."""
    backend.replies["default"] = Reply(body=b"y" * 100_000)
    with connect(f"{emulator.socket_url}/production", compression=None) as socket:
        socket.send("hello")
        socket.recv(timeout=5)

    sent = listen().note("sent")
    assert (sent["frames"], sent["wire_size"], sent["compressed"]) == (4, 100_000 + 4 * 4, False)


def test_pings(emulator: RunningEmulator, listen: Listen) -> None:
    """Those that come together are one note, and so are their pongs. What they carry is not shown."""
    with raw_client(emulator.port) as client:
        client.upgrade()
        client.sock.sendall(frame(PING, b"p") * 3)
        for _ in range(3):
            assert client.receive().opcode == PONG

    page = listen()
    assert page.note("control-frames", frame="ping", direction="in")["count"] == 3
    assert page.note("control-frames", frame="pong", direction="out")["count"] == 3


def test_close_frames(emulator: RunningEmulator, listen: Listen) -> None:
    """The client's close frame and the gateway's answer, each with its code and reason."""
    with connect(f"{emulator.socket_url}/production") as socket:
        socket.close(4000, "enough")

    page = listen()
    page.note("closed")
    frames = [(note["direction"], note["code"], note["reason"]) for note in page.notes if note.get("frame") == "close"]
    assert frames == [("in", 4000, "enough"), ("out", 4000, "enough")]


def test_reason_of_a_breach(emulator: RunningEmulator, listen: Listen) -> None:
    """A client that breaks the rules can be told why."""
    with raw_client(emulator.port) as client:
        client.upgrade()
        client.send(PING, b"", rsv=1)
        client.close_code()

    close = listen().note("control-frames", frame="close", direction="out")
    assert (close["code"], close["reason"]) == (1002, "reserved bits must be 0")


def test_secret_in_a_reason(emulator: RunningEmulator, listen: Listen) -> None:
    """A close reason is a text from outside: secrets in it are masked."""
    with raw_client(emulator.port) as client:
        client.upgrade(path="/production?token=very-secret-token")
        client.send(CLOSE, (4000).to_bytes(2, "big") + b"very-secret-token")
        client.close_code()

    assert listen().note("control-frames", frame="close", direction="in")["reason"] == "***"
