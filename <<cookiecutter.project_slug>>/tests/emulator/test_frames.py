"""Frames and payloads: text only, the sizes, fragments, control frames, closing, UTF-8 (AWS facts 1.5 and 5).

The cases of the Autobahn suite for servers are written out here; where a case differs, AWS's limits are the reason.
"""

import struct
import zlib
from collections.abc import Iterator

import pytest

from gateway.testing.emulator import RunningEmulator
from tests.emulator.backend import Backend, Reply
from tests.emulator.raw_client import BINARY, CLOSE, CONT, PING, PONG, TEXT, Frame, RawClient, frame, raw_client


@pytest.fixture
def client(emulator: RunningEmulator) -> Iterator[RawClient]:
    with raw_client(emulator.port) as client:
        client.upgrade()
        yield client


def message_of(backend: Backend) -> bytes:
    return backend.next_for("default").body


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 128, 65_535 // 2, 32_768])
def test_text_sizes(client: RawClient, backend: Backend, size: int) -> None:
    """Autobahn 1.1: text of every length encoding arrives whole, up to AWS's frame of 32 KB."""
    client.send(TEXT, b"x" * size)

    assert message_of(backend) == b"x" * size


def test_bytewise(client: RawClient, backend: Backend) -> None:
    """Autobahn 1.1.8: a frame that trickles in byte by byte arrives whole."""
    for byte in frame(TEXT, b"trickle"):
        client.sock.sendall(bytes([byte]))

    assert message_of(backend) == b"trickle"


def test_frame_too_large(client: RawClient, backend: Backend) -> None:
    """AWS facts 1.5: a frame of more than 32 KB closes the connection with 1009."""
    client.send(TEXT, b"x" * 32_769)

    assert client.close_code() == 1009
    assert backend.next_for("disconnect").header("X-Gateway-Event") == "DISCONNECT"


def test_largest_message(client: RawClient, backend: Backend) -> None:
    """AWS facts 5: a message of 128 KB in frames of 32 KB makes one backend call."""
    client.send(TEXT, b"x" * 32_768, fin=False)
    client.send(CONT, b"x" * 32_768, fin=False)
    client.send(CONT, b"x" * 32_768, fin=False)
    client.send(CONT, b"x" * 32_768)

    assert message_of(backend) == b"x" * 131_072


def test_message_too_large(client: RawClient) -> None:
    """AWS facts 1.5: a message of more than 128 KB closes the connection with 1009."""
    for opcode in (TEXT, CONT, CONT, CONT):
        client.send(opcode, b"x" * 32_768, fin=False)
    client.send(CONT, b"x")

    assert client.close_code() == 1009


@pytest.mark.parametrize("fin", [True, False])
def test_binary(client: RawClient, fin: bool) -> None:
    """AWS facts 5: a binary frame closes the connection with 1003."""
    client.send(BINARY, b"\x00\x01", fin=fin)

    assert client.close_code() == 1003


def test_nothing_after_a_breach(client: RawClient, backend: Backend) -> None:
    """What follows a binary frame is not looked at."""
    client.sock.sendall(frame(BINARY, b"\x00") + frame(TEXT, b"too late"))
    client.close_code()

    backend.next_for("disconnect")

    assert backend.is_idle()


@pytest.mark.parametrize("size", [0, 1, 125])
def test_ping(client: RawClient, size: int) -> None:
    """AWS facts 1.5 and Autobahn 2.1 to 2.4: a ping is answered with its own payload."""
    client.send(PING, b"p" * size)

    assert client.receive() == Frame(PONG, b"p" * size, fin=True)


def test_long_ping(client: RawClient) -> None:
    """Autobahn 2.5: a control frame of more than 125 bytes closes the connection with 1002."""
    client.send(PING, b"p" * 126)

    assert client.close_code() == 1002


def test_unsolicited_pong(client: RawClient) -> None:
    """Autobahn 2.7 to 2.9: a pong that nobody asked for is ignored."""
    client.send(PONG, b"?")
    client.send(PING, b"!")

    assert client.receive().data == b"!"


def test_many_pings(client: RawClient) -> None:
    """Autobahn 2.10: ten pings get ten pongs, in order."""
    for number in range(10):
        client.send(PING, b"%d" % number)

    assert [client.receive().data for _ in range(10)] == [b"%d" % number for number in range(10)]


@pytest.mark.parametrize("rsv", [1, 2, 3, 4, 5, 6, 7])
def test_reserved_bits(client: RawClient, rsv: int) -> None:
    """Autobahn 3: a reserved bit without an extension closes the connection with 1002."""
    client.send(TEXT, b"x", rsv=rsv)

    assert client.close_code() == 1002


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
def test_reserved_opcodes(client: RawClient, opcode: int) -> None:
    """Autobahn 4: an unknown opcode closes the connection with 1002."""
    client.send(opcode, b"x")

    assert client.close_code() == 1002


def test_unmasked(client: RawClient) -> None:
    """A client that does not mask its frames is closed with 1002."""
    client.send(TEXT, b"x", masked=False)

    assert client.close_code() == 1002


def test_fragments(client: RawClient, backend: Backend) -> None:
    """Autobahn 5.3 to 5.8: fragments are reassembled, also with control frames between them."""
    client.send(TEXT, b"Hel", fin=False)
    client.send(PING, b"between")
    client.send(CONT, b"", fin=False)
    client.send(CONT, b"lo")

    assert client.receive() == Frame(PONG, b"between", fin=True)
    assert message_of(backend) == b"Hello"


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_fragmented_control_frame(client: RawClient, opcode: int) -> None:
    """Autobahn 5.1 and 5.2: a control frame in fragments closes the connection with 1002."""
    client.send(opcode, b"", fin=False)

    assert client.close_code() == 1002


def test_continuation_without_a_start(client: RawClient) -> None:
    """Autobahn 5.9 to 5.14: a continuation of nothing closes the connection with 1002."""
    client.send(CONT, b"x")

    assert client.close_code() == 1002


def test_new_message_within_another(client: RawClient) -> None:
    """Autobahn 5.18: a message that begins within another closes the connection with 1002."""
    client.send(TEXT, b"x", fin=False)
    client.send(TEXT, b"y")

    assert client.close_code() == 1002


@pytest.mark.parametrize(
    "text",
    ["κόσμε", "\U0010ffff", "\x00", "퟿", "\ufffe", "\U0001f600 grüß"],
)
def test_utf8(client: RawClient, backend: Backend, text: str) -> None:
    """Autobahn 6.2, 6.5 and 6.7 to 6.23: every code point arrives."""
    client.send(TEXT, text.encode())

    assert message_of(backend).decode() == text


def test_utf8_split_between_fragments(client: RawClient, backend: Backend) -> None:
    """Autobahn 6.2.3: a code point may be divided between fragments."""
    data = "κόσμε".encode()
    client.send(TEXT, data[:3], fin=False)
    client.send(CONT, data[3:])

    assert message_of(backend) == data


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited", id="surrogate"),
        pytest.param(b"\xf4\x90\x80\x80", id="beyond the last code point"),
        pytest.param(b"\xc0\xaf", id="overlong"),
        pytest.param(b"\xce", id="cut off"),
        pytest.param(b"\xff", id="no start byte"),
        pytest.param(b"\x80", id="continuation byte alone"),
    ],
)
def test_invalid_utf8(client: RawClient, data: bytes) -> None:
    """AWS facts 5 and Autobahn 6.3 to 6.20: invalid UTF-8 closes the connection with 1007."""
    client.send(TEXT, data)

    assert client.close_code() == 1007


def test_invalid_utf8_over_fragments(client: RawClient) -> None:
    """Autobahn 6.4: invalid UTF-8 is found when the message is complete, at the latest."""
    client.send(TEXT, b"\xce\xba\xf4", fin=False)
    client.send(CONT, b"\x90\x80\x80")

    assert client.close_code() == 1007


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999])
def test_close_is_echoed(client: RawClient, code: int) -> None:
    """AWS facts 1.5 and Autobahn 7.7: the client's code comes back, and the gateway hangs up."""
    client.send(CLOSE, struct.pack("!H", code) + b"reason")

    assert client.receive() == Frame(CLOSE, struct.pack("!H", code) + b"reason", fin=True)
    assert client.is_hung_up()


def test_close_without_a_code(client: RawClient) -> None:
    """Autobahn 7.3.1: an empty close frame is answered with an empty one."""
    client.send(CLOSE)

    assert client.receive() == Frame(CLOSE, b"", fin=True)


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535])
def test_invalid_close_code(client: RawClient, code: int) -> None:
    """Autobahn 7.9 and 7.13: a code that may not be sent is answered with 1002."""
    client.send(CLOSE, struct.pack("!H", code))

    assert client.close_code() == 1002


def test_close_with_half_a_code(client: RawClient) -> None:
    """Autobahn 7.3.2: a close frame of one byte is answered with 1002."""
    client.send(CLOSE, b"\x03")

    assert client.close_code() == 1002


def test_close_with_an_invalid_reason(client: RawClient) -> None:
    """Autobahn 7.5.1: a reason that is no UTF-8 is answered with 1007."""
    client.send(CLOSE, struct.pack("!H", 1000) + b"\xce\xba\xff")

    assert client.close_code() == 1007


def test_nothing_after_close(client: RawClient, backend: Backend) -> None:
    """Autobahn 7.1.3: what follows a close frame is not looked at."""
    client.sock.sendall(frame(CLOSE, struct.pack("!H", 1000)) + frame(TEXT, b"too late"))
    client.close_code()

    backend.next_for("disconnect")

    assert backend.is_idle()


def test_message_and_close_together(client: RawClient, backend: Backend) -> None:
    """A message that arrives in the same packet as the close frame is still delivered."""
    client.sock.sendall(frame(TEXT, b"last words") + frame(CLOSE, struct.pack("!H", 1000)))

    assert message_of(backend) == b"last words"


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


def test_decompression_bomb(emulator: RunningEmulator) -> None:
    """A small compressed frame that would grow beyond the limits closes the connection with 1009."""
    deflate = zlib.compressobj(wbits=-15)
    bomb = (deflate.compress(b"x" * 10_000_000) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]

    with raw_client(emulator.port) as client:
        client.upgrade(more="Sec-WebSocket-Extensions: permessage-deflate\r\n")
        client.send(TEXT, bomb, rsv=4)

        assert client.close_code() == 1009


def test_garbage_for_compressed_data(emulator: RunningEmulator) -> None:
    """Compressed data that cannot be decompressed closes the connection with 1002."""
    with raw_client(emulator.port) as client:
        client.upgrade(more="Sec-WebSocket-Extensions: permessage-deflate\r\n")
        client.send(TEXT, b"\xff\xff\xff\xff", rsv=4)

        assert client.close_code() == 1002
