"""Frames and payloads where AWS has a word to say: text only, the sizes, fragments, control frames (AWS facts 1.5 and 5).

What RFC 6455 alone decides is in `autobahn/`, compression in `test_compression.py`, closing in `test_closing.py`.
"""

import pytest

from tests.emulator.backend import Backend, Reply
from tests.emulator.raw_client import BINARY, CLOSE, CONT, PING, PONG, TEXT, Frame, RawClient, frame


def test_frame_too_large(client: RawClient, backend: Backend) -> None:
    """AWS facts 1.5: a frame of more than 32 KB closes the connection with 1009."""
    client.send(TEXT, b"x" * 32_769)

    assert client.close_code() == 1009
    assert backend.next_for("disconnect").header("X-Gateway-Event") == "DISCONNECT"


def test_fragment_too_large(client: RawClient) -> None:
    """The reason names the limit of a frame, whatever came before it."""
    client.send(TEXT, b"x" * 1_000, fin=False)
    client.send(CONT, b"x" * 32_769)

    close = client.receive()
    assert (close.opcode, close.data[:2]) == (CLOSE, (1009).to_bytes(2, "big"))
    assert close.data.endswith(b"exceeds limit of 32768 bytes")


def test_largest_message(client: RawClient, backend: Backend) -> None:
    """AWS facts 5: a message of 128 KB in frames of 32 KB makes one backend call."""
    send_128_kb(client)
    client.send(CONT)

    assert backend.next_for("default").body == b"x" * 131_072


def test_message_too_large(client: RawClient) -> None:
    """AWS facts 1.5: a message of more than 128 KB closes the connection with 1009."""
    send_128_kb(client)
    client.send(CONT, b"x")

    assert client.close_code() == 1009


def test_control_frame_within_the_largest_message(client: RawClient, backend: Backend) -> None:
    """A ping does not count towards the message that it interrupts."""
    send_128_kb(client)
    client.send(PING, b"between")
    client.send(CONT)

    assert client.receive() == Frame(PONG, b"between", fin=True)
    assert len(backend.next_for("default").body) == 131_072


@pytest.mark.parametrize("fin", [True, False])
def test_binary(client: RawClient, fin: bool) -> None:
    """AWS facts 5: a binary frame closes the connection with 1003."""
    client.send(BINARY, b"\x00\x01", fin=fin)

    assert client.close_code() == 1003


@pytest.mark.parametrize("breach", [frame(BINARY, b"\x00"), frame(TEXT, b"\xff")], ids=["binary", "no UTF-8"])
def test_nothing_after_a_breach(client: RawClient, backend: Backend, breach: bytes) -> None:
    """What follows a frame that ends the connection is not looked at: no pong, no message."""
    client.sock.sendall(breach + frame(PING) + frame(TEXT, b"too late"))

    assert client.receive().opcode == CLOSE
    backend.next_for("disconnect")
    assert backend.is_idle()


@pytest.mark.parametrize("size", [0, 1, 125])
def test_ping(client: RawClient, size: int) -> None:
    """AWS facts 1.5: a ping is answered with its own payload."""
    client.send(PING, b"p" * size)

    assert client.receive() == Frame(PONG, b"p" * size, fin=True)


def test_unmasked(client: RawClient) -> None:
    """A client that does not mask its frames is closed with 1002."""
    client.send(TEXT, b"x", masked=False)

    assert client.close_code() == 1002


def test_large_reply_comes_in_frames(client: RawClient, backend: Backend) -> None:
    """AWS facts 5: the gateway splits what it sends into frames of 32 KB itself."""
    backend.replies["echo"] = Reply(body=b"x" * 100_000)

    client.send(TEXT, b'{"action": "echo"}')

    frames = [client.receive() for _ in range(4)]
    assert [(each.opcode, len(each.data), each.fin) for each in frames] == [
        (TEXT, 32_768, False),
        (CONT, 32_768, False),
        (CONT, 32_768, False),
        (CONT, 1_696, True),
    ]


def send_128_kb(client: RawClient) -> None:
    """A message of that size, but for its end."""
    for opcode in (TEXT, CONT, CONT, CONT):
        client.send(opcode, b"x" * 32_768, fin=False)
