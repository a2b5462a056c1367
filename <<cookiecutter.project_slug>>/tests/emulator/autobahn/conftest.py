"""A raw client after its handshake."""

from collections.abc import Iterator

import pytest

from gateway.testing.emulator import RunningEmulator
from tests.emulator.raw_client import RawClient, raw_client


@pytest.fixture
def client(emulator: RunningEmulator) -> Iterator[RawClient]:
    with raw_client(emulator.port) as client:
        client.upgrade()
        yield client
