"""The Autobahn test suite's cases for servers, written out: all groups but compression (12, 13).

Autobahn expects an echo; here what must be echoed must reach the backend. Where AWS does something else, the case says so:

- binary messages (1.2, and those of 5 and 6 that are binary): API Gateway takes text only and closes with 1003;
- frames above 32 KB and messages above 128 KB (9, and 1.1.6 to 1.1.8 by their size of 64 KB): closed with 1009;
- fail-fast on UTF-8 (6.4): the gateway looks at whole messages, so a bad byte closes the connection once its message is complete.
"""

import struct
from collections.abc import Iterator

import pytest

from gateway.testing.emulator import RunningEmulator
from tests.emulator.backend import Backend
from tests.emulator.raw_client import BINARY, CLOSE, CONT, MASK, PING, PONG, TEXT, Frame, RawClient, frame, raw_client

UTF8 = "Hello-µ@ßöäüàá-UTF-8!!"
KAPPA = "κόσμε"


@pytest.fixture
def client(emulator: RunningEmulator) -> Iterator[RawClient]:
    with raw_client(emulator.port) as client:
        client.upgrade()
        yield client


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


# -- 1 Framing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 125, 126, 127, 128, 32_768])
def test_case_1_1(client: RawClient, backend: Backend, size: int) -> None:
    """1.1.1 to 1.1.5: text of each length encoding; 32 KB stands for 64 KB, which AWS does not take."""
    client.send(TEXT, b"*" * size)

    assert arrived(backend) == b"*" * size


@pytest.mark.parametrize("size", [65_535, 65_536])
def test_case_1_1_too_large(client: RawClient, backend: Backend, size: int) -> None:
    """1.1.6 and 1.1.7 differ: a frame above 32 KB is closed with 1009."""
    client.send(TEXT, b"*" * size)

    closes(client, backend, 1009)


@pytest.mark.parametrize("piece", [1, 997])
def test_case_1_1_8(client: RawClient, backend: Backend, piece: int) -> None:
    """1.1.8: a frame in many segments; its 64 KB are sent as two frames of 32 KB."""
    size = 32_768 if piece > 1 else 500
    in_pieces(client, frame(TEXT, b"*" * size, fin=False) + frame(CONT, b"*" * size), piece)

    assert arrived(backend) == b"*" * (2 * size)


@pytest.mark.parametrize("size", [0, 125, 126, 127, 128, 32_768])
def test_case_1_2(client: RawClient, backend: Backend, size: int) -> None:
    """1.2 differs: binary is not supported by WebSocket APIs, 1003."""
    client.send(BINARY, b"\xfe" * size)

    closes(client, backend, 1003)


# -- 2 Pings and pongs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", [b"", b"Hello, world!", b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff", b"\xfe" * 125])
@pytest.mark.parametrize("piece", [1, 1_000])
def test_case_2_ping(client: RawClient, payload: bytes, piece: int) -> None:
    """2.1 to 2.4 and 2.6: a ping of any payload, also byte by byte, gets a pong with the same."""
    in_pieces(client, frame(PING, payload), piece)

    assert client.receive() == Frame(PONG, payload, fin=True)


def test_case_2_5(client: RawClient, backend: Backend) -> None:
    """2.5: a ping of 126 bytes is a protocol error."""
    client.send(PING, b"\xfe" * 126)

    closes(client, backend, 1002)


@pytest.mark.parametrize("payload", [b"", b"unsolicited pong payload"])
def test_case_2_pong(client: RawClient, payload: bytes) -> None:
    """2.7 to 2.9: a pong that nobody asked for is ignored, and the ping after it is answered."""
    client.send(PONG, payload)
    client.send(PING, b"ping payload")

    assert client.receive() == Frame(PONG, b"ping payload", fin=True)


@pytest.mark.parametrize("piece", [1, 1_000])
def test_case_2_many(client: RawClient, piece: int) -> None:
    """2.10 and 2.11: ten pings at once, in whole or in pieces, get ten pongs in order."""
    payloads = [b"payload-%d" % number for number in range(10)]
    in_pieces(client, b"".join(frame(PING, payload) for payload in payloads), piece)

    assert [client.receive().data for _ in payloads] == payloads


# -- 3 Reserved bits, 4 opcodes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("rsv", [1, 2, 3, 4, 5, 6, 7])
@pytest.mark.parametrize(("opcode", "payload"), [(TEXT, b"Hello, world!"), (TEXT, b""), (PING, b""), (CLOSE, b"")])
def test_case_3(client: RawClient, backend: Backend, rsv: int, opcode: int, payload: bytes) -> None:
    """3.1 to 3.7: a reserved bit that no extension claims is a protocol error."""
    client.send(opcode, payload, rsv=rsv)

    closes(client, backend, 1002)


@pytest.mark.parametrize("piece", [1, 1_000])
def test_case_3_after_a_message(client: RawClient, backend: Backend, piece: int) -> None:
    """3.2 to 3.4: what came before the bad frame still counts, what comes after it does not."""
    bad = frame(TEXT, b"bad", rsv=2)
    in_pieces(client, frame(TEXT, b"good") + bad + frame(PING, b"never"), piece)

    assert client.close_code() == 1002
    assert arrived(backend) == b"good"


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
@pytest.mark.parametrize("payload", [b"", b"reserved opcode"])
def test_case_4(client: RawClient, backend: Backend, opcode: int, payload: bytes) -> None:
    """4.1 and 4.2: reserved opcodes, of data and of control frames, are a protocol error."""
    client.send(opcode, payload)

    closes(client, backend, 1002)


@pytest.mark.parametrize("opcode", [3, 11])
def test_case_4_after_a_message(client: RawClient, backend: Backend, opcode: int) -> None:
    """4.1.3 and 4.2.3: a message before the reserved opcode arrives."""
    client.sock.sendall(frame(TEXT, b"good") + frame(opcode) + frame(PING))

    assert client.close_code() == 1002
    assert arrived(backend) == b"good"


# -- 5 Fragmentation -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_case_5_1(client: RawClient, backend: Backend, opcode: int) -> None:
    """5.1 and 5.2: control frames cannot be fragmented."""
    client.send(opcode, b"", fin=False)

    closes(client, backend, 1002)


@pytest.mark.parametrize("piece", [1, 1_000])
@pytest.mark.parametrize("parts", [[b"fragment1", b"fragment2"], [b"", b"", b""], [b"", b"middle", b""], [b"a"] * 50])
def test_case_5_3(client: RawClient, backend: Backend, parts: list[bytes], piece: int) -> None:
    """5.3 to 5.5 and 6.1: fragments, empty ones too, make one message."""
    frames = [frame(CONT if number else TEXT, part, fin=number == len(parts) - 1) for number, part in enumerate(parts)]
    in_pieces(client, b"".join(frames), piece)

    assert arrived(backend) == b"".join(parts)


@pytest.mark.parametrize("piece", [1, 1_000])
def test_case_5_6(client: RawClient, backend: Backend, piece: int) -> None:
    """5.6 to 5.8: a ping between two fragments is answered at once, and the message arrives whole."""
    in_pieces(
        client, frame(TEXT, b"fragment1", fin=False) + frame(PING, b"ping payload") + frame(CONT, b"fragment2"), piece
    )

    assert client.receive() == Frame(PONG, b"ping payload", fin=True)
    assert arrived(backend) == b"fragment1fragment2"


@pytest.mark.parametrize("fin", [True, False])
def test_case_5_9(client: RawClient, backend: Backend, fin: bool) -> None:
    """5.9 to 5.14: a continuation of nothing is a protocol error."""
    client.send(CONT, b"non-continuation payload", fin=fin)

    closes(client, backend, 1002)


def test_case_5_15(client: RawClient, backend: Backend) -> None:
    """5.15: after a complete message there is nothing to continue; the message arrives."""
    client.sock.sendall(
        frame(TEXT, b"fragment1", fin=False) + frame(CONT, b"fragment2") + frame(CONT, b"fragment3", fin=False)
    )

    assert client.close_code() == 1002
    assert arrived(backend) == b"fragment1fragment2"


def test_case_5_18(client: RawClient, backend: Backend) -> None:
    """5.16 to 5.18: a new message cannot begin inside a fragmented one."""
    client.sock.sendall(frame(TEXT, b"fragment1", fin=False) + frame(TEXT, b"fragment2"))

    closes(client, backend, 1002)


def test_case_5_19(client: RawClient, backend: Backend) -> None:
    """5.19 and 5.20: five fragments with pings between them."""
    client.send(TEXT, b"fragment1", fin=False)
    client.send(CONT, b"fragment2", fin=False)
    client.send(PING, b"pongme 1!")
    assert client.receive() == Frame(PONG, b"pongme 1!", fin=True)
    client.send(CONT, b"fragment3", fin=False)
    client.send(CONT, b"fragment4", fin=False)
    client.send(PING, b"pongme 2!")
    assert client.receive() == Frame(PONG, b"pongme 2!", fin=True)
    client.send(CONT, b"fragment5")

    assert arrived(backend) == b"fragment1fragment2fragment3fragment4fragment5"


@pytest.mark.parametrize("fin", [True, False])
def test_case_5_binary(client: RawClient, backend: Backend, fin: bool) -> None:
    """5 with binary fragments differs: 1003 at the first of them."""
    client.sock.sendall(frame(BINARY, b"fragment1", fin=fin) + frame(CONT, b"fragment2"))

    closes(client, backend, 1003)


# -- 6 UTF-8 ---------------------------------------------------------------------------------------------------------

VALID = [
    *(UTF8, KAPPA, "", "\x00", "\x7f", "\x80", "\u07ff", "\u0800", "\uffff", "\U00010000", "\U0010ffff"),
    *("\ud7ff", "\ue000", "\ufffd", "\ufffe", "\ufdd0", "\U0001fffe", "\U0010fffe", "\ufeff", "a\u0308", "\u00e4"),
]
INVALID = {
    "6.3.1 surrogate in a text": b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
    "6.4 above U+10FFFF": b"\xf4\x90\x80\x80",
    "6.6.1 first byte only": b"\xce",
    "6.6.3 cut off in the second character": b"\xce\xba\xe1",
    "6.6.4 cut off later": b"\xce\xba\xe1\xbd",
    "6.8.1 five bytes": b"\xf8\x88\x80\x80\x80",
    "6.8.2 six bytes": b"\xfc\x84\x80\x80\x80\x80",
    "6.10.2 largest of five bytes": b"\xfb\xbf\xbf\xbf\xbf",
    "6.10.3 largest of six bytes": b"\xfd\xbf\xbf\xbf\xbf\xbf",
    "6.11.5 above the last": b"\xf4\x90\x80\x80",
    "6.12.1 first continuation byte": b"\x80",
    "6.12.2 last continuation byte": b"\xbf",
    "6.12.8 seven continuation bytes": b"\x80\xbf\x80\xbf\x80\xbf\x80",
    "6.13.1 starts of two, with spaces": b"\xc0 \xc1 \xc2 \xdf ",
    "6.13.2 starts of three": b"\xe0 \xe1 \xef ",
    "6.13.3 starts of four": b"\xf0 \xf4 \xf7 ",
    "6.14.1 two without the last": b"\xc0",
    "6.14.2 three without the last": b"\xe0\x80",
    "6.14.6 four without the last": b"\xf0\x80\x80",
    "6.15.1 all of them": b"\xc0\xe0\x80\xf0\x80\x80\xf8\x80\x80\x80\xfc\x80\x80\x80\x80",
    "6.16.1 FE": b"\xfe",
    "6.16.2 FF": b"\xff",
    "6.17.1 overlong slash, two": b"\xc0\xaf",
    "6.17.2 overlong slash, three": b"\xe0\x80\xaf",
    "6.17.3 overlong slash, four": b"\xf0\x80\x80\xaf",
    "6.18.1 largest overlong, two": b"\xc1\xbf",
    "6.18.2 largest overlong, three": b"\xe0\x9f\xbf",
    "6.18.3 largest overlong, four": b"\xf0\x8f\xbf\xbf",
    "6.19.1 overlong zero": b"\xc0\x80",
    "6.20.1 first high surrogate": b"\xed\xa0\x80",
    "6.20.4 last low surrogate": b"\xed\xbf\xbf",
    "6.21.1 paired surrogates": b"\xed\xa0\x80\xed\xb0\x80",
}


@pytest.mark.parametrize("text", VALID, ids=ascii)
def test_case_6_valid(client: RawClient, backend: Backend, text: str) -> None:
    """6.2, 6.5, 6.7, 6.9, 6.11, 6.22 and 6.23: every valid text arrives, non-characters too."""
    client.send(TEXT, text.encode())

    assert arrived(backend) == text.encode()


@pytest.mark.parametrize("size", [1, 2, 3])
def test_case_6_2(client: RawClient, backend: Backend, size: int) -> None:
    """6.2.2 to 6.2.4: fragments may end inside a character."""
    data = (UTF8 + KAPPA).encode()
    parts = [data[start : start + size] for start in range(0, len(data), size)]
    for number, part in enumerate(parts):
        client.send(CONT if number else TEXT, part, fin=number == len(parts) - 1)

    assert arrived(backend) == data


@pytest.mark.parametrize("data", INVALID.values(), ids=INVALID.keys())
def test_case_6_invalid(client: RawClient, backend: Backend, data: bytes) -> None:
    """6.3 to 6.21: text that is no UTF-8 closes the connection with 1007."""
    client.send(TEXT, data)

    closes(client, backend, 1007)


def test_case_6_4(client: RawClient, backend: Backend) -> None:
    """6.4 differs in time only: the bad fragment is noticed when its message is complete."""
    client.send(TEXT, KAPPA.encode(), fin=False)
    client.send(CONT, b"\xf4\x90\x80\x80", fin=False)
    client.send(PING, b"still there")
    assert client.receive() == Frame(PONG, b"still there", fin=True)
    client.send(CONT, b"end")

    closes(client, backend, 1007)


# -- 7 Closing -------------------------------------------------------------------------------------------------------


def test_case_7_1(client: RawClient, backend: Backend) -> None:
    """7.1.1 to 7.1.5: a message before the close frame arrives; what follows it is not looked at."""
    client.sock.sendall(
        frame(TEXT, b"Hello World!") + frame(CLOSE, struct.pack("!H", 1000)) + frame(TEXT, b"late") + frame(PING)
    )

    assert client.receive() == Frame(CLOSE, struct.pack("!H", 1000), fin=True)
    assert client.is_hung_up()
    assert arrived(backend) == b"Hello World!"
    assert backend.next_for("disconnect").body == b""
    assert backend.is_idle()


def test_case_7_1_5(client: RawClient, backend: Backend) -> None:
    """7.1.5: a message that was begun and not finished is dropped by the close frame."""
    client.send(TEXT, b"fragment1", fin=False)
    client.send(CLOSE, struct.pack("!H", 1000))
    client.send(CONT, b"fragment2")

    assert client.close_code() == 1000
    assert backend.next_for("connect").method == "POST"
    assert backend.next().path.endswith("/disconnect")


def test_case_7_3_empty(client: RawClient) -> None:
    """7.3.1: a close frame without a code is answered without one."""
    client.send(CLOSE)

    assert client.receive() == Frame(CLOSE, b"", fin=True)
    assert client.is_hung_up()


def test_case_7_3_half(client: RawClient, backend: Backend) -> None:
    """7.3.2: a close frame with half a code is a protocol error."""
    client.send(CLOSE, b"a")

    closes(client, backend, 1002)


@pytest.mark.parametrize("reason", ["", "Hello World!", "*" * 123, "ü" * 61])
def test_case_7_3_reason(client: RawClient, reason: str) -> None:
    """7.3.3 to 7.3.5: code and reason, up to 123 bytes, are echoed."""
    payload = struct.pack("!H", 1000) + reason.encode()
    client.send(CLOSE, payload)

    assert client.receive() == Frame(CLOSE, payload, fin=True)


def test_case_7_3_long(client: RawClient, backend: Backend) -> None:
    """7.3.6: a reason of 124 bytes makes the control frame too long."""
    client.send(CLOSE, struct.pack("!H", 1000) + b"*" * 124)

    closes(client, backend, 1002)


def test_case_7_5(client: RawClient, backend: Backend) -> None:
    """7.5.1: a reason that is no UTF-8."""
    client.send(CLOSE, struct.pack("!H", 1000) + b"\xce\xba\xe1\xbd\xb9\xed\xa0\x80")

    closes(client, backend, 1007)


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999])
def test_case_7_7(client: RawClient, code: int) -> None:
    """7.7: codes that a client may send are echoed."""
    client.send(CLOSE, struct.pack("!H", code))

    assert client.close_code() == code
    assert client.is_hung_up()


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535])
def test_case_7_9(client: RawClient, backend: Backend, code: int) -> None:
    """7.9 and 7.13: codes that nobody may send are a protocol error."""
    client.send(CLOSE, struct.pack("!H", code))

    closes(client, backend, 1002)


# -- 9 Limits, 10 odd sizes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [64, 256, 1_024, 4_096, 16_384, 32_768])
def test_case_9_3(client: RawClient, backend: Backend, size: int) -> None:
    """9.3: a message in fragments of each size; 128 KB stand for four megabytes, AWS's limit."""
    data = b"*" * 131_072
    for start in range(0, len(data), size):
        client.send(CONT if start else TEXT, data[start : start + size], fin=start + size == len(data))

    assert arrived(backend) == data


@pytest.mark.parametrize("size", [262_144, 1_048_576, 16_777_216])
def test_case_9_1(client: RawClient, backend: Backend, size: int) -> None:
    """9.1 differs: the header of a frame above 32 KB is enough to be closed with 1009."""
    client.sock.sendall(struct.pack("!BBQ", 0x80 | TEXT, 0x80 | 127, size) + MASK)

    closes(client, backend, 1009)


def test_case_10_1(client: RawClient, backend: Backend) -> None:
    """10.1.1: 64 KB in fragments of 1,300 bytes."""
    data = b"*" * 65_536
    for start in range(0, len(data), 1_300):
        client.send(CONT if start else TEXT, data[start : start + 1_300], fin=start + 1_300 >= len(data))

    assert arrived(backend) == data
