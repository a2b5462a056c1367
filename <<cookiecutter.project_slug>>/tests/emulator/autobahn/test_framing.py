"""The Autobahn test suite's cases for servers, written out: here groups 1 to 5, beside it 6, 7, 9, 10, 12 and 13.

Autobahn expects an echo; here what must be echoed must reach the backend. Where AWS does something else, the case says so:

- binary messages (1.2, and those of 5 and 6 that are binary): API Gateway takes text only and closes with 1003;
- frames above 32 KB and messages above 128 KB (9, and 1.1.6 to 1.1.8 by their size of 64 KB): closed with 1009;
- fail-fast on UTF-8 (6.4): the gateway looks at whole messages, so a bad byte closes the connection once its message is complete.
"""

import pytest

from tests.emulator.autobahn.outcome import arrived, closes, in_pieces
from tests.emulator.backend import Backend
from tests.emulator.raw_client import BINARY, CLOSE, CONT, PING, PONG, TEXT, Frame, RawClient, frame

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
