"""What a view's methods see, may do and may return."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.test import override_settings
from django.urls import path, resolve

from gateway import metrics, signals
from gateway.exceptions import PayloadInvalid, PermissionMissing
from gateway.models import ChannelPermission, WebSocketSession
from gateway.models.session import StillConnectingError
from gateway.routing import handler
from gateway.testing import ConnectionRefused, WebSocketClient, make_event, outbox
from gateway.views import WebSocketView
from gateway.wire import EventKind
from tests.gateway.views_for_tests import TestView

pytestmark = pytest.mark.django_db


def test_handler_sees_everything(client: WebSocketClient, monkeypatch: pytest.MonkeyPatch, ann: Any) -> None:
    """`self.body`, `self.event`, `self.websocket_session` and `request.user`."""
    seen: dict[str, Any] = {}

    def default(self: TestView, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        seen.update(body=self.body, route_key=self.event.route_key, session=self.websocket_session, user=request.user)

    monkeypatch.setattr(TestView, "default", default)
    client.send({"a": 1})

    assert seen["body"] == {"a": 1}
    assert seen["route_key"] == "$default"
    assert seen["session"] == client.session
    assert seen["session"].user == seen["user"] == ann


@pytest.mark.parametrize(
    ("sent", "reply"),
    [
        ({"action": "note", "text": "x", "stars": 2}, {"text": "x", "stars": 2}),
        ({"action": "note_form", "text": "x", "on": "2026-07-01"}, {"text": "x", "on": "2026-07-01"}),
        ({"action": "note_model", "text": "x"}, {"text": "x", "stars": 0}),
        ({"handler": "note", "action": "ask", "text": "x", "id": 0}, {"text": "x", "stars": 0, "reply_to": 0}),
        ({"action": "chat_message", "message": "x"}, None),
        ({"action": "chat_message", "message": "x", "id": 9}, {"type": "ok", "reply_to": 9}),
        ({"type": "ping"}, {"type": "pong"}),
    ],
)
def test_replies(client: WebSocketClient, sent: Any, reply: Any) -> None:
    """What a handler returns, and what its client gets."""
    assert client.send(sent) == reply


def test_http_response_is_passed_on(client: WebSocketClient) -> None:
    """An HttpResponse comes back as it is."""
    response = client.event(EventKind.MESSAGE, body={"action": "ask", "id": 1})

    assert response.content == b"as it is"


def test_payload_errors_reach_the_client(client: WebSocketClient) -> None:
    """By field, with the id of the message."""
    assert client.send({"action": "note", "text": 7, "id": "m1"}) == {
        "type": "error",
        "code": "payload_invalid",
        "message": PayloadInvalid.message,
        "reply_to": "m1",
        "errors": {"text": ["Must be a string."]},
    }


@pytest.mark.parametrize("refusal", [PermissionMissing("no"), PermissionDenied("no")])
def test_a_handler_may_refuse(client: WebSocketClient, monkeypatch: pytest.MonkeyPatch, refusal: Exception) -> None:
    """With a refusal of ours, or with Django's own."""

    def default(*_: Any, **__: Any) -> None:
        raise refusal

    monkeypatch.setattr(TestView, "default", default)

    assert client.send({"a": 1})["code"] == "permission_denied"


@pytest.mark.parametrize("result", ["text", 7, ["a"], {"a": float("nan")}])
def test_a_result_no_client_could_read(client: WebSocketClient, monkeypatch: pytest.MonkeyPatch, result: Any) -> None:
    """A handler's mistake is a fault, not silence."""
    monkeypatch.setattr(TestView, "default", lambda *_, **__: result)

    with pytest.raises((TypeError, ValueError)):
        client.send({"a": 1})


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


class TestAnonymous:
    """Connections of people who are not signed in."""

    @pytest.fixture(autouse=True)
    def _open(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(TestView, "ALLOW_ANONYMOUS", True)

    def test_open_channel(self, db: None) -> None:
        """A channel for everyone lets them in, from a page of ours, and they can speak."""
        ChannelPermission.objects.create(channel_name="open", audience=ChannelPermission.Audience.EVERYONE)
        client = WebSocketClient()
        client.connect(channel="open")

        assert client.session.user is None
        assert client.send({"a": 1})["user"] == ""

    def test_default_channel(self, db: None) -> None:
        """The default channel is for signed-in users."""
        with pytest.raises(ConnectionRefused) as refused:
            WebSocketClient().connect()

        assert refused.value.code == "channel_forbidden"


@pytest.mark.parametrize(
    ("audience", "flags", "welcome"),
    [
        ("signed_in", {}, True),
        ("staff", {"is_staff": True}, True),
        ("superusers", {"is_staff": True}, False),
        ("superusers", {"is_superuser": True}, True),
        ("permissions", {}, False),
        ("permissions", {"is_superuser": True}, True),
    ],
)
def test_channel_audiences(ann: Any, audience: str, flags: dict[str, bool], welcome: bool) -> None:
    """Whom each audience lets in."""
    type(ann).objects.update(**flags)
    sets = [["gateway.view_apigateway"], ["gateway.add_apigateway", "gateway.change_apigateway"]]
    ChannelPermission.objects.create(channel_name="room", audience=audience, permission_sets=sets)
    client = WebSocketClient(ann)

    response = client.event(EventKind.CONNECT, token=client.token(), connection_id="x=", channel="room")

    assert (response.status_code == 200) is welcome


def test_unlisted_channels_can_be_opened(ann: Any, settings: Any) -> None:
    """By a setting, and to signed-in users."""
    settings.WEBSOCKETS = settings.WEBSOCKETS | {"ALLOW_UNLISTED_CHANNELS": True}

    assert WebSocketClient(ann).connect(channel="anything").status_code == 200


def test_the_view_has_no_transaction_around_it() -> None:
    """Refusals must be kept, and API Gateway has no CSRF cookie."""
    view = resolve("/ws/connect").func

    assert view.csrf_exempt
    assert view._non_atomic_requests == {"default"}


def test_handlers_get_the_transaction_that_a_project_asks_for(
    client: WebSocketClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ATOMIC_REQUESTS what a failing handler wrote is undone; that the message came is not."""
    from django.db import connection

    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)

    def default(self: TestView, *_: Any, **__: Any) -> None:
        WebSocketSession.objects.update(disconnect_reason="written by the handler")
        raise PermissionMissing

    monkeypatch.setattr(TestView, "default", default)
    client.send({"a": 1})

    assert client.session.disconnect_reason == ""
    assert client.session.request_count == 1


class GreetingView(WebSocketView):
    @handler(permissions=[])
    def greet(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {"hello": request.user.get_username()}


urlpatterns = [path("ws/<slug:route>", GreetingView.as_view(), name="websocket")]


def test_make_event_calls_a_view_directly(client: WebSocketClient) -> None:
    """`make_event` is the request that API Gateway would make: a view can be called with it."""
    request = make_event(connection_id=client.connection_id, body={"action": "greet", "id": 1})

    response = GreetingView.as_view()(request, route="default")

    assert response.content == b'{"hello": "ann", "reply_to": 1}'


@override_settings(ROOT_URLCONF="tests.gateway.views.test_websocket")
def test_make_event_goes_to_the_route_of_its_key() -> None:
    """The path follows the route key, query string included."""
    request = make_event(kind="CONNECT", token="t", channel="c")

    assert request.get_full_path() == "/ws/connect?ws_token=t&channel=c"


def test_a_client_without_a_user_agent(ann: Any) -> None:
    """Absent at `$connect` and absent now is equal."""
    client = WebSocketClient(ann, user_agent=None)
    client.connect()

    assert client.send({"a": 1})["type"] == "echo"


def test_the_rate_limit_can_be_turned_off(ann: Any, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Then nobody is counted."""
    settings.WEBSOCKETS = settings.WEBSOCKETS | {"TOKEN_LIMIT": 100}
    monkeypatch.setattr(TestView, "RATE_LIMIT_ENABLED", False)

    for _ in range(25):
        WebSocketClient(ann).connect()

    assert WebSocketSession.objects.count() == 25


def test_a_cookie_is_enough_where_tokens_are_off(ann: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session belongs to the cookie's login, and ends with it."""
    monkeypatch.setattr(TestView, "USE_WS_TOKEN", False)
    client = WebSocketClient(ann)
    cookie = f"sessionid={client.browser.session.session_key}"

    client.connect(token="", extra={"Cookie": cookie})

    assert client.session.user == ann
    client.browser.session.delete()
    assert client.send({"a": 1})["code"] == "login_ended"


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
        metrics.series("websocket_messages_total", handler="ask", code="error"): 1,
        metrics.series("websocket_messages_total", handler="inspect", code="permission_denied"): 1,
    }
