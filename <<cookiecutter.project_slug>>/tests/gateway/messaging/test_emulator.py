"""Sending through the emulated API Gateway: signatures are verified, sockets are real."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from django.db import connections
from websockets.exceptions import ConnectionClosed

from gateway.models import WebSocketSession
from gateway.testing.emulator import RunningEmulator
from tests.gateway.messaging.conftest import make_sessions
from tests.gateway.messaging.server import Call, ManagementServer, Reply

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

OpenSocket = Callable[..., "ClientConnection"]


@pytest.fixture
def backend(management: ManagementServer, api_gateway: RunningEmulator) -> ManagementServer:
    """An API with a `$connect` route only, answered by a server that the test commands."""
    control = boto3.client("apigatewayv2", endpoint_url=api_gateway.url, region_name="eu-central-1")
    api = control.create_api(Name="sending", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")
    integration = control.create_integration(
        ApiId=api["ApiId"],
        IntegrationType="HTTP_PROXY",
        IntegrationMethod="POST",
        IntegrationUri=f"http://127.0.0.1:{management.port}/connect",
        RequestParameters={"integration.request.header.X-Gateway-Connection-Id": "context.connectionId"},
    )
    target = f"integrations/{integration['IntegrationId']}"
    control.create_route(ApiId=api["ApiId"], RouteKey="$connect", Target=target)
    deployment = control.create_deployment(ApiId=api["ApiId"])
    control.create_stage(ApiId=api["ApiId"], StageName="production", DeploymentId=deployment["DeploymentId"])
    return management


@pytest.fixture
def socket(backend: ManagementServer, websocket_client: OpenSocket) -> "ClientConnection":
    """An open socket; the backend was told its connection id."""
    return websocket_client("/production")


def connection_id(backend: ManagementServer) -> str:
    return backend.calls[0].headers["x-gateway-connection-id"]


def callback_url(emulator: RunningEmulator) -> str:
    return f"{emulator.url}/production"


@pytest.mark.django_db
@pytest.mark.usefixtures("engine")
def test_reaches_the_client(
    api_gateway: RunningEmulator, backend: ManagementServer, socket: "ClientConnection"
) -> None:
    """Our signature is accepted, and the text arrives as it left."""
    (session,) = make_sessions(callback_url(api_gateway), connection_id(backend))

    assert session.send_message({"type": "hello", "name": "Zoë"}).sent == 1

    assert json.loads(socket.recv(timeout=10)) == {"type": "hello", "name": "Zoë"}


@pytest.mark.django_db
@pytest.mark.usefixtures("engine")
def test_closes_the_socket(api_gateway: RunningEmulator, backend: ManagementServer, socket: "ClientConnection") -> None:
    """The client learns why, and then the socket ends."""
    make_sessions(callback_url(api_gateway), connection_id(backend))

    WebSocketSession.objects.all().close("login_ended")

    assert json.loads(socket.recv(timeout=10)) == {"type": "closing", "code": "login_ended", "reconnect": False}
    with pytest.raises(ConnectionClosed):
        socket.recv(timeout=10)


@pytest.mark.django_db
@pytest.mark.usefixtures("engine")
def test_a_closed_socket_is_gone(
    api_gateway: RunningEmulator, backend: ManagementServer, socket: "ClientConnection"
) -> None:
    """The connection of a client that left is pruned by the next send."""
    make_sessions(callback_url(api_gateway), connection_id(backend))
    api_gateway.disconnect(connection_id(backend))

    assert WebSocketSession.objects.all().send_message({"type": "hello"}).gone == 1
    assert not WebSocketSession.objects.filter(connected=True).exists()


@pytest.fixture
def held(backend: ManagementServer) -> Iterator[threading.Event]:
    """`$connect` is not answered before this event."""
    release = threading.Event()

    async def hold(call: Call, _: Any) -> Reply:
        await asyncio.to_thread(release.wait, 20)
        return 200, "", ""

    backend.behaviour = hold
    yield release
    release.set()


@pytest.mark.django_db
@pytest.mark.usefixtures("engine")
def test_a_broadcast_while_connect_is_held(
    api_gateway: RunningEmulator,
    backend: ManagementServer,
    held: threading.Event,
    websocket_client: OpenSocket,
) -> None:
    """AWS says 410 to a connection that is being made. It is not believed, and the next message arrives."""
    opened: list[ClientConnection] = []
    client = threading.Thread(target=lambda: opened.append(websocket_client("/production")))
    client.start()
    backend.wait_for(lambda calls: len(calls) == 1)
    make_sessions(callback_url(api_gateway), connection_id(backend), age=1)

    early = WebSocketSession.objects.all().send_message({"n": 1})
    held.set()
    client.join()
    late = WebSocketSession.objects.all().send_message({"n": 2})

    assert (early.failed, early.gone, late.sent) == (1, 0, 1)
    assert json.loads(opened[0].recv(timeout=10)) == {"n": 2}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("aiohttp_engine")
def test_a_broadcast_that_outlasts_connect(
    api_gateway: RunningEmulator,
    backend: ManagementServer,
    held: threading.Event,
    websocket_client: OpenSocket,
) -> None:
    """The retries of one send are enough for a `$connect` that returns a moment later."""
    opened: list[ClientConnection] = []
    client = threading.Thread(target=lambda: opened.append(websocket_client("/production")))
    client.start()
    backend.wait_for(lambda calls: len(calls) == 1)
    make_sessions(callback_url(api_gateway), connection_id(backend), age=1)
    sent: list[int] = []

    def send() -> None:
        try:
            sent.append(WebSocketSession.objects.all().send_message({"n": 1}).sent)
        finally:
            connections.close_all()

    sender = threading.Thread(target=send)
    sender.start()
    held.set()
    client.join()
    sender.join()

    assert sent == [1]
    assert json.loads(opened[0].recv(timeout=10)) == {"n": 1}


@pytest.mark.django_db
@pytest.mark.usefixtures("aiohttp_engine")
def test_throttled_now_and_then(
    api_gateway: RunningEmulator, backend: ManagementServer, websocket_client: OpenSocket
) -> None:
    """One call in five is refused with 429, and everybody is sent to."""
    for _ in range(20):
        websocket_client("/production")
    ids = [call.headers["x-gateway-connection-id"] for call in backend.calls]
    make_sessions(callback_url(api_gateway), *ids)
    api_gateway.faults.turn_on("throttle-posts", 0.2)

    assert WebSocketSession.objects.all().send_message({"type": "hello"}).sent == 20
