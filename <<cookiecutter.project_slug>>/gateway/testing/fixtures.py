"""pytest fixtures for journeys: `pytest_plugins = ["gateway.testing.fixtures"]` in a `conftest.py`.

`api_gateway` is an emulator of the test's own; `websocket_client` opens sockets on it and closes them afterwards.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from gateway.testing.emulator import RunningEmulator, running_emulator

CLOSE_SECONDS = 2.0


@pytest.fixture
def api_gateway() -> Iterator[RunningEmulator]:
    """An API Gateway on a free port, with nothing provisioned yet. `.url` is its endpoint for boto3."""
    with running_emulator() as emulator:
        yield emulator


@pytest.fixture
def websocket_client(api_gateway: RunningEmulator) -> Iterator[Callable[..., ClientConnection]]:
    """Opens a socket: `websocket_client("/production?ws_token=...", origin="https://...")`.

    Takes a path on `api_gateway` or a whole URL, and every option of `websockets.sync.client.connect`. What it returns is used with
    `send`, `recv(timeout=...)` and `close`; a refused handshake raises `websockets.exceptions.InvalidStatus`.
    """
    with ExitStack() as stack:

        def open_socket(address: str, **options: Any) -> ClientConnection:
            url = api_gateway.socket_url + address if address.startswith("/") else address
            socket: ClientConnection = stack.enter_context(connect(url, **{"close_timeout": CLOSE_SECONDS, **options}))
            return socket

        yield open_socket
