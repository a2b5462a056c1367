"""permessage-deflate: what compressed data may grow to, and data that is none (AWS facts 1.2 and 5).

Sizes, fragments and parameters are gone through in `autobahn/test_compression.py`.
"""

import threading
import zlib
from collections.abc import Iterator

import pytest

from emulator.switches import Switches
from emulator.web_socket import READ_BYTES
from gateway.testing.emulator import RunningEmulator, running_emulator
from tests.emulator.backend import Backend, Reply
from tests.emulator.raw_client import CONT, TEXT, RawClient, frame, raw_client
from tests.emulator.stages import Stages

OFFER = "Sec-WebSocket-Extensions: permessage-deflate\r\n"


@pytest.fixture
def client(emulator: RunningEmulator) -> Iterator[RawClient]:
    with raw_client(emulator.port) as client:
        client.upgrade(more=OFFER)
        yield client


def deflated(text: bytes) -> bytes:
    """The payload of a compressed message."""
    deflate = zlib.compressobj(wbits=-15)
    return (deflate.compress(text) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]


def ended(text: bytes, *, level: int = 9) -> bytes:
    """The same, with a last block that is marked as such."""
    deflate = zlib.compressobj(level, wbits=-15)
    return deflate.compress(text) + deflate.flush(zlib.Z_FINISH)


def in_steps(data: bytes, size: int) -> Iterator[bytes]:
    """Pieces of compressed data that grow to that size each, as long as zlib has more to give."""
    inflate = zlib.decompressobj(wbits=-15)
    while len(inflate.decompress(data, size)) == size:
        rest = inflate.unconsumed_tail
        yield data[: len(data) - len(rest)]
        data = rest
    yield data


def test_decompression_bomb(client: RawClient) -> None:
    """A small compressed frame that would grow beyond 32 KB closes the connection with 1009."""
    client.send(TEXT, deflated(b"x" * 10_000_000), rsv=4)

    assert client.close_code() == 1009


@pytest.mark.parametrize("size", [131_073, 131_200, 131_330, 1_000_000])
def test_bomb_in_fragments(client: RawClient, backend: Backend, size: int) -> None:
    """So does a message that grows beyond 128 KB in its fragments, even if zlib holds the last of its bytes back."""
    *parts, last = [part for part, _ in zip(in_steps(deflated(b"x" * size), 32_768), range(5), strict=False)]
    for number, part in enumerate(parts):
        client.send(CONT if number else TEXT, part, fin=False, rsv=0 if number else 4)
    client.send(CONT, last)

    assert client.close_code() == 1009
    assert backend.next_for("connect").method == "POST"
    assert backend.next().path.endswith("/disconnect")


def test_many_small_bombs(stages: Stages, backend: Backend) -> None:
    """What few bytes grow to does not pile up while the backend is busy: at most what has been read at once waits in memory."""
    bomb = frame(TEXT, deflated(b"x" * 32_768), rsv=4)
    gate = threading.Event()
    backend.replies["default"] = Reply(gate=gate)
    with running_emulator(store=stages, switches=Switches(concurrent_messages=1)) as emulator:
        with raw_client(emulator.port) as client:
            client.upgrade(more=OFFER + "Sec-WebSocket-Protocol: chat\r\n")
            (connection,) = emulator._emulator.plane.registry
            emulator._call(connection.socket.hold)
            client.sock.sendall(bomb * (4 * READ_BYTES // len(bomb)))
            emulator._call(connection.socket.release)
            backend.next_for("default")

            assert 0 < len(connection.waiting) <= READ_BYTES // len(bomb)
        gate.set()


def test_garbage(client: RawClient) -> None:
    """Compressed data that cannot be decompressed closes the connection with 1002."""
    client.send(TEXT, b"\xff\xff\xff\xff", rsv=4)

    assert client.close_code() == 1002


@pytest.mark.parametrize("padding", [b"", b"\x00"])
@pytest.mark.parametrize("size", [5, 5_000])
def test_data_that_ends_with_each_message(client: RawClient, backend: Backend, size: int, padding: bytes) -> None:
    """RFC 7692, 7.2.3.4: a client may end its compressed data with a message, and begin anew with the next."""
    for text in (b"1" * size, b"2" * size, b"3" * size):
        client.send(TEXT, ended(text, level=0) + padding, rsv=4)

        assert backend.next_for("default").body == text


def test_data_behind_the_end(client: RawClient) -> None:
    """What follows the end within the same message is a breach: nothing is dropped in silence."""
    client.send(TEXT, ended(b"Hello") + b"more", rsv=4)

    assert client.close_code() == 1002


def test_data_behind_the_end_without_an_end(client: RawClient) -> None:
    """Nor do fragments go on for ever behind it."""
    client.send(TEXT, ended(b"Hello"), fin=False, rsv=4)
    client.send(CONT, b"x" * 32_768, fin=False)

    assert client.close_code() == 1002
