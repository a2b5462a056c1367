"""The recipes of the documentation, run: this project behind a real API Gateway, in one process."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from gateway.models import ApiGateway, WebSocketSession
from gateway.testing import WebSocketClient
from gateway.testing.emulator import RunningEmulator

Connect = Callable[[], ClientConnection]


@pytest.fixture
def connect(provisioned_gateway: ApiGateway, websocket_client: Callable[..., ClientConnection]) -> Connect:
    """Signs somebody in, fetches a token as the page does, and opens a socket with it."""
    ann = get_user_model().objects.create_user("ann")

    def connect() -> ClientConnection:
        token = WebSocketClient(ann, gateway=provisioned_gateway).token()
        url = f"{provisioned_gateway.socket_url}?ws_token={token}"
        return websocket_client(url, origin=settings.WEBSOCKETS["ALLOWED_ORIGINS"][0])

    return connect


def received(socket: ClientConnection) -> Any:
    """The next message."""
    return json.loads(socket.recv(timeout=10))


def test_reply(connect: Connect) -> None:
    """A message goes all the way to the handler, and its reply all the way back."""
    socket = connect()

    socket.send('{"hello": "world", "id": 1}')

    reply = received(socket)
    assert (reply["user"], reply["reply_to"]) == ("ann", 1)


def test_channel(connect: Connect) -> None:
    """What one sends the others in the channel get."""
    first, second = connect(), connect()

    first.send('{"action": "chat_message", "message": "hi"}')

    assert received(second)["message"] == "hi"


def test_without_a_token(provisioned_gateway: ApiGateway, websocket_client: Callable[..., ClientConnection]) -> None:
    """Whoever brings no token is refused in the handshake."""
    with pytest.raises(InvalidStatus) as refused:
        websocket_client(provisioned_gateway.socket_url, origin=settings.WEBSOCKETS["ALLOWED_ORIGINS"][0])

    assert refused.value.response.status_code == 401


def test_two_hours_later(connect: Connect, api_gateway: RunningEmulator) -> None:
    """Two hours pass at once, and the connection meets AWS's wall."""
    socket = connect()

    api_gateway.advance(hours=2)

    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001


def test_lost_disconnect(connect: Connect, api_gateway: RunningEmulator) -> None:
    """`$disconnect` is lost; the next message to the session finds out that nobody is there."""
    api_gateway.faults.turn_on("lose-disconnect")
    connect().close()
    # A younger session may still be in its `$connect`, so a 410 does not count yet.
    api_gateway.advance(minutes=1)

    delivery = WebSocketSession.objects.get().send_message({"type": "news"})

    assert delivery.gone == 1
    assert not WebSocketSession.objects.filter(connected=True).exists()


def test_why(connect: Connect, api_gateway: RunningEmulator) -> None:
    """When a message does not end where it should, the emulator knows why."""
    socket = connect()
    socket.send('{"action": "chat_mesage", "id": 1}')
    received(socket)

    (message,) = [note for note in api_gateway.notes() if note["kind"] == "message"]
    assert message["why"] == "no route has the key 'chat_mesage'"
