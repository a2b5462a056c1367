"""Autobahn 7, 9 and 10: closing, limits, odd sizes."""

import struct

import pytest

from tests.emulator.autobahn.outcome import arrived, closes
from tests.emulator.backend import Backend
from tests.emulator.raw_client import CLOSE, CONT, MASK, PING, TEXT, Frame, RawClient, frame

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
