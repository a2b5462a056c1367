"""What happens around a connection: hooks, signals, figures."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from gateway import metrics, signals
from gateway.exceptions import PermissionMissing
from gateway.models import WebSocketRefusal, WebSocketSession
from gateway.models.session import StillConnectingError
from gateway.testing import ConnectionRefused, WebSocketClient, outbox
from gateway.wire import EventKind
from tests.gateway.views_for_tests import TestView

pytestmark = pytest.mark.django_db


class TestOnConnect:
    """The hook that runs before the client knows of its connection."""

    def test_sending_to_it_is_refused(self, ann: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """API Gateway would answer 410 or not at all, so the mistake is named at once, and no row stays."""
        monkeypatch.setattr(TestView, "on_connect", lambda self, session: session.send_message({"hello": 1}))

        with pytest.raises(StillConnectingError, match="on_connect"):
            WebSocketClient(ann).connect()

        assert not WebSocketSession.objects.get().connected
        assert not outbox.messages

    def test_sending_to_the_channel_leaves_it_out(
        self, client: WebSocketClient, ann: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Those who are there hear of the new one, who does not."""

        def on_connect(self: TestView, session: WebSocketSession) -> None:
            WebSocketSession.objects.filter(channel_name=session.channel_name).send_message({"joined": 1})

        monkeypatch.setattr(TestView, "on_connect", on_connect)
        newcomer = WebSocketClient(ann)
        newcomer.connect()

        assert client.received == [{"joined": 1}]
        assert newcomer.received == []

    def test_it_may_turn_the_connection_away(self, ann: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """A refusal there is the answer to the handshake."""

        def on_connect(*_: Any) -> None:
            raise PermissionMissing("full")

        monkeypatch.setattr(TestView, "on_connect", on_connect)

        with pytest.raises(ConnectionRefused) as refused:
            WebSocketClient(ann).connect()

        assert refused.value.response.status_code == 403
        assert not WebSocketSession.objects.get().connected

    def test_django_s_own_denial_is_a_refusal(self, ann: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """With its code, its row and its figure, as in a handler."""

        def on_connect(*_: Any) -> None:
            raise PermissionDenied("full")

        monkeypatch.setattr(TestView, "on_connect", on_connect)

        with pytest.raises(ConnectionRefused) as refused:
            WebSocketClient(ann).connect()

        assert refused.value.code == "permission_denied"
        assert WebSocketRefusal.objects.get().detail == "full"


def test_a_fault_in_choosing_the_subprotocol_leaves_no_row_behind(ann: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The handshake fails, so there will be no `$disconnect`."""

    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(TestView, "select_subprotocol", fail)

    with pytest.raises(ZeroDivisionError):
        WebSocketClient(ann).connect()

    assert not WebSocketSession.objects.get().connected


def test_on_disconnect_is_called_once(client: WebSocketClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even when the connection was known to be gone before, and when the end is told twice."""
    ended: list[str] = []
    monkeypatch.setattr(TestView, "on_disconnect", lambda self, session: ended.append(session.connection_id))
    WebSocketSession.objects.retire([client.connection_id])

    client.disconnect()
    client.disconnect()
    client.event(EventKind.DISCONNECT, connection_id="nobody=")

    assert ended == [client.connection_id]


def test_disconnect_of_another_gateways_connection(client: WebSocketClient) -> None:
    """Another API cannot end our connections, whatever ids it makes."""
    other = type(client.gateway).objects.create(api_name="other", api_id="otherapi1")

    client.event(EventKind.DISCONNECT, api_id=other.api_id)

    assert client.session.connected


@pytest.mark.parametrize(
    ("offered", "answer"),
    [("chat1, chat2", "chat1"), ("chat1,chat2", "chat1"), (" , b\u00e4d, good", "good"), ("", None), ("a b", None)],
)
def test_subprotocol(ann: Any, offered: str, answer: str | None) -> None:
    """One of those that were offered comes back, or browsers give up."""
    response = WebSocketClient(ann).connect(extra={"Sec-WebSocket-Protocol": offered})

    assert response.get("Sec-WebSocket-Protocol") == answer


def test_signals(ann: Any) -> None:
    """Code elsewhere hears of connections that begin and end, and of refusals."""
    heard: list[tuple[str, Any]] = []

    def on_connected(session: WebSocketSession, **_: Any) -> None:
        heard.append(("connected", session.connection_id))

    def on_disconnected(session: WebSocketSession, **_: Any) -> None:
        heard.append(("disconnected", session.connection_id))

    def on_refused(code: str, correlation_id: str, kind: str, **_: Any) -> None:
        heard.append((code, (kind, bool(correlation_id))))

    signals.connected.connect(on_connected)
    signals.disconnected.connect(on_disconnected)
    signals.refused.connect(on_refused)
    client = WebSocketClient(ann)
    client.connect()
    client.send({"handler": "nothing"})
    client.event(EventKind.MESSAGE, secret="wrong")
    client.disconnect()

    assert heard == [
        ("connected", client.connection_id),
        ("handler_unknown", ("MESSAGE", True)),
        ("secret_wrong", ("MESSAGE", False)),
        ("disconnected", client.connection_id),
    ]


def test_figures(client: WebSocketClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each message is counted once, by its handler and how it ended."""

    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    metrics.registry.drain()
    client.send({"action": "ask"})
    client.send({"action": "inspect"})
    monkeypatch.setattr(TestView, "ask", fail)
    with pytest.raises(ZeroDivisionError):
        client.send({"action": "ask"})

    counted = {name: value for name, value in metrics.registry.drain().items() if "messages_total" in name}
    assert counted == {
        metrics.series("websocket_messages_total", handler="ask", code="handled"): 1,
        metrics.series("websocket_messages_total", handler="ask", code="internal_error"): 1,
        metrics.series("websocket_messages_total", handler="inspect", code="permission_denied"): 1,
    }
