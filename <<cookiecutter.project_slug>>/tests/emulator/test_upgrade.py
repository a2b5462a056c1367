"""What a handshake negotiates, seen from inside."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from emulator.server import Emulator

ROUNDS = 2_000
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}
COMPRESSED = {**UPGRADE, "Sec-WebSocket-Extensions": "permessage-deflate"}


@pytest.fixture
def impatient_threads() -> Iterator[None]:
    """Threads take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def _confused(emulator: Emulator, request: web.Request, extensions: int) -> int:
    offers = (emulator.plane.negotiator.negotiate(request) for _ in range(ROUNDS))
    return sum(len(offer.extensions) != extensions for offer in offers)


@pytest.mark.usefixtures("impatient_threads")
def test_emulators_in_two_threads_do_not_mix_up_what_they_negotiated() -> None:
    plain, compressed = (make_mocked_request("GET", "/", headers=headers) for headers in (UPGRADE, COMPRESSED))

    with ThreadPoolExecutor(max_workers=2) as threads:
        one = threads.submit(_confused, Emulator(), plain, 0)
        other = threads.submit(_confused, Emulator(), compressed, 1)

    assert (one.result(), other.result()) == (0, 0)
