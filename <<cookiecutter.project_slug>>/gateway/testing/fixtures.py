"""pytest fixtures for journeys: `pytest_plugins = ["gateway.testing.fixtures"]` in `tests/conftest.py`.

`api_gateway` is an emulator of the test's own, `websocket_client` opens sockets on it and closes them afterwards, and
`provisioned_gateway` puts this project behind it: gateway, live server, database and sockets are all real.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    # The emulator's libraries are loaded by the tests that use them only.
    from websockets.sync.client import ClientConnection

    from gateway.models import ApiGateway
    from gateway.testing.emulator import RunningEmulator

CLOSE_SECONDS = 2.0


@pytest.fixture
def api_gateway() -> Iterator["RunningEmulator"]:
    """An API Gateway on a free port, with nothing provisioned yet. `.url` is its endpoint for boto3.

    `.advance(hours=2)` lets time pass for it and for Django: `timezone.now()` tells its time until the test is over.
    """
    from emulator.clock import SystemClock
    from gateway.testing.clock import django_reads
    from gateway.testing.emulator import running_emulator

    clock = SystemClock()
    with django_reads(clock), running_emulator(clock=clock) as emulator:
        yield emulator


@pytest.fixture
def websocket_client(api_gateway: "RunningEmulator") -> Iterator[Callable[..., "ClientConnection"]]:
    """Opens a socket: `websocket_client("/production?ws_token=...", origin="https://...")`.

    Takes a path on `api_gateway` or a whole URL, and every option of `websockets.sync.client.connect`. What it returns is used with
    `send`, `recv(timeout=...)` and `close`. A refusal raises `websockets.exceptions.InvalidStatus`, with a note that says why.
    When the test is over the sockets are closed, and Django has answered their `$disconnect`.
    """
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect

    with ExitStack() as stack:

        def open_socket(address: str, **options: Any) -> "ClientConnection":
            url = api_gateway.socket_url + address if address.startswith("/") else address
            try:
                settings = {"close_timeout": CLOSE_SECONDS, **options}
                socket: ClientConnection = stack.enter_context(connect(url, **settings))
            except InvalidStatus as refused:
                refused.add_note(api_gateway.why_refused())
                raise
            return socket

        yield open_socket
        stack.close()
        # What arrived later would meet the next test's database.
        api_gateway.settle()


@pytest.fixture
def provisioned_gateway(api_gateway: "RunningEmulator", live_server: Any, settings: Any) -> "ApiGateway":
    """The project's own gateway, provisioned onto `api_gateway` by the code that provisions AWS, with the live server behind it.

    `.socket_url` is where sockets connect. Messages leave through boto3, so nothing but the test's database is shared.
    """
    from django.core.management import call_command

    from gateway.models import ApiGateway

    settings.WEBSOCKETS = settings.WEBSOCKETS | {
        "BASE_URL": live_server.url,
        "APIGATEWAYV2_ENDPOINT": api_gateway.url,
        "MANAGEMENT_ENDPOINT": api_gateway.url,
        "TRANSPORT": "boto3",
    }
    call_command("register_gateway", verbosity=0)
    call_command("provision_gateway", verbosity=0)
    return ApiGateway.objects.get()
