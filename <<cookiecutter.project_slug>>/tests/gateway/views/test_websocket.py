"""What a view's methods see, may do and may return."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError, connection
from django.http import HttpRequest
from django.test import override_settings
from django.urls import path, resolve

from gateway.exceptions import PayloadInvalid, PermissionMissing
from gateway.models import WebSocketSession
from gateway.routing import handler
from gateway.testing import WebSocketClient, make_event, make_headers
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


def test_without_a_database_nobody_is_let_in(client: WebSocketClient) -> None:
    """Neither past a limit that cannot be asked nor past anything else."""
    token = client.token()

    def away(*_: Any) -> None:
        raise OperationalError("the server closed the connection")

    with connection.execute_wrapper(away):
        for event in (lambda: client.send({"a": 1}), lambda: client.event(EventKind.CONNECT, token=token)):
            with pytest.raises(OperationalError):
                event()

    assert client.session.request_count == 0


@pytest.mark.parametrize("method", ["get", "put", "options"])
def test_events_are_posted(client: WebSocketClient, method: str) -> None:
    """Nothing that a link or a picture could ask for is an event."""
    headers = make_headers(connection_id=client.connection_id)
    response = getattr(client.browser, method)("/ws/default", headers=headers, secure=True)

    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert client.session.request_count == 0


def test_the_view_has_no_transaction_around_it() -> None:
    """Refusals must be kept, and API Gateway has no CSRF cookie."""
    view = resolve("/ws/connect").func

    assert view.csrf_exempt
    assert view._non_atomic_requests == {"default"}


def test_handlers_get_the_transaction_that_a_project_asks_for(
    client: WebSocketClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ATOMIC_REQUESTS what a failing handler wrote is undone; that the message came is not."""
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
