"""Autobahn 12 and 13: permessage-deflate, with all kinds of payloads and parameters. Here a two-way route echoes: both ways count.

Where AWS does something else: binary payloads (12.2, 12.3, 12.5) are refused with 1003; a frame that holds more than 32 KB, as
in the ninth and tenth case of each group, with 1009. Of the suite's thousand messages a case sends a few: enough to look back at.
"""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.sync.client import ClientConnection, connect

from gateway.testing.emulator import RunningEmulator
from tests.emulator.backend import Backend, Reply
from tests.emulator.stages import STAGE, Stages, route, stage_of

MESSAGES = 4
LINE = "Habe nun, ach! Philosophie, Juristerei und Medizin durchaus studiert, mit heißem Bemühn."
Offers = list[ClientPerMessageDeflateFactory]

WHOLE = [16, 64, 256, 1_024, 4_096, 8_192, 16_384, 32_768]
IN_FRAGMENTS = [
    *((8_192, 256), (16_384, 256), (32_768, 256), (65_536, 256), (131_072, 256)),
    *((131_072, 1_024), (131_072, 4_096), (131_072, 32_768)),
]
SIZES = [*((size, size) for size in WHOLE), *IN_FRAGMENTS]


def offer(*, takeover: bool = True, bits: int | None = None) -> ClientPerMessageDeflateFactory:
    """What the suite's client asks of the gateway; its own side it leaves to the gateway."""
    return ClientPerMessageDeflateFactory(server_no_context_takeover=not takeover, server_max_window_bits=bits)


def text_of(kind: str) -> bytes:
    """A few hundred kilobytes that repeat themselves here and there."""
    dice = random.Random(12)
    words = (dice.choice(LINE.split()) + str(dice.randrange(100)) for _ in range(40_000))
    return json.dumps([*words]).encode() if kind == "json" else " ".join(words).encode()


TEXTS = {kind: text_of(kind) for kind in ("json", "utf8")}


def messages(kind: str, size: int) -> Iterator[bytes]:
    """Parts of the text, of so many bytes each."""
    for start in range(1_000, 1_000 + MESSAGES * 997, 997):
        part = TEXTS[kind][start : start + size].decode("utf-8", "ignore").encode()
        yield part.ljust(size, b".")


@contextmanager
def compressing(emulator: RunningEmulator, offers: Offers) -> Iterator[ClientConnection]:
    with connect(f"{emulator.socket_url}/{STAGE}", compression=None, extensions=offers, max_size=None) as socket:
        yield socket


def is_echoed(socket: ClientConnection, kind: str, size: int, fragment: int) -> None:
    """Every message comes back as it was sent, in fragments of that many bytes."""
    for message in messages(kind, size):
        pieces = [message[start : start + fragment] for start in range(0, size, fragment)]
        socket.send(message if len(pieces) == 1 else pieces, text=True)

        assert socket.recv(timeout=5, decode=False) == message


@pytest.fixture(autouse=True)
def echo(stages: Stages, backend: Backend) -> None:
    stages.add(stage_of(route("$default", backend.url, two_way=True)))
    backend.replies["default"] = Reply(echoes=True)


@pytest.mark.parametrize(("size", "fragment"), SIZES)
@pytest.mark.parametrize("kind", TEXTS)
def test_case_12(emulator: RunningEmulator, kind: str, size: int, fragment: int) -> None:
    """12.1 and 12.4: JSON and human text, of each size, whole and in fragments that may end inside a character."""
    with compressing(emulator, [offer()]) as socket:
        is_echoed(socket, kind, size, fragment)


@pytest.mark.parametrize("size", [32_769, 65_536, 131_072])
def test_case_12_too_large(emulator: RunningEmulator, size: int) -> None:
    """12.x.9 and 12.x.10 differ: a frame that holds more than 32 KB is closed with 1009, however small it was on the wire."""
    with compressing(emulator, [offer()]) as socket:
        socket.send("a" * size)

        assert close_code(socket) == 1009


@pytest.mark.parametrize("size", [16, 32_768])
def test_case_12_binary(emulator: RunningEmulator, size: int) -> None:
    """12.2, 12.3 and 12.5 differ: binary payloads are closed with 1003."""
    with compressing(emulator, [offer()]) as socket:
        socket.send(bytes(size))

        assert close_code(socket) == 1003


OFFERS = {
    "13.1 nothing": ([offer()], "server_max_window_bits=12"),
    "13.2 no takeover": ([offer(takeover=False)], "server_no_context_takeover; server_max_window_bits=12"),
    "13.3 small window": ([offer(bits=9)], "server_max_window_bits=9"),
    "13.4 large window": ([offer(bits=15)], "server_max_window_bits=12"),
    "13.5 small, no takeover": (
        [offer(takeover=False, bits=9)],
        "server_no_context_takeover; server_max_window_bits=9",
    ),
    "13.6 large, no takeover": (
        [offer(takeover=False, bits=15)],
        "server_no_context_takeover; server_max_window_bits=12",
    ),
    "13.7 the first of three": (
        [offer(takeover=False, bits=9), offer(takeover=False), offer()],
        "server_no_context_takeover; server_max_window_bits=9",
    ),
}


@pytest.mark.parametrize(
    ("size", "fragment"), [(16, 16), (4_096, 4_096), (32_768, 32_768), (8_192, 256), (131_072, 4_096)]
)
@pytest.mark.parametrize("name", OFFERS)
def test_case_13(emulator: RunningEmulator, name: str, size: int, fragment: int) -> None:
    """13: the gateway keeps to what was asked of it, with a window of 12 bits at most."""
    offers, agreed = OFFERS[name]
    with compressing(emulator, offers) as socket:
        is_echoed(socket, "json", size, fragment)

        header = socket.response.headers["Sec-WebSocket-Extensions"]
    assert header == f"permessage-deflate;{agreed.replace('; ', ';')}"


@pytest.mark.parametrize("own", [{"client_no_context_takeover": True}, {"client_max_window_bits": 9}], ids=str)
def test_case_13_client(emulator: RunningEmulator, own: dict[str, int]) -> None:
    """13 as seen from the client's own side: what it keeps to itself, the gateway follows."""
    with compressing(emulator, [ClientPerMessageDeflateFactory(**own)]) as socket:
        is_echoed(socket, "json", 32_768, 32_768)


def close_code(socket: ClientConnection) -> int:
    """The code of the gateway's close frame."""
    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=5)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code
