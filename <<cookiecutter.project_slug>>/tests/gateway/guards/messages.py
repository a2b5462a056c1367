"""Refusals of messages."""

from datetime import timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.db import connection
from django.http import HttpResponse
from django.utils import timezone

from gateway.models import WebSocketSession
from tests.gateway.guards.table import World, row


@row("body_too_large", "more than MAX_BODY_SIZE", connected=True)
def _(world: World) -> HttpResponse:
    world.view(MAX_BODY_SIZE=20)
    return world.send({"text": "x" * 20})


@row("body_too_large", "more than Django reads", connected=True)
def _(world: World) -> HttpResponse:
    world.settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    return world.send({"text": "x" * 20})


def _not_json(body: Any, what: str) -> None:
    row("body_not_json", what, connected=True)(lambda world: world.send(body))


_not_json("", "nothing")
_not_json("{", "half an object")
_not_json("[1]", "a list")
_not_json('"text"', "a string")
_not_json("null", "null")
_not_json('{"n": NaN}', "NaN")
_not_json('{"n": -Infinity}', "minus infinity")
_not_json('{"n": 1e999}', "a number beyond a float")
_not_json('{"n": ' + "9" * 5000 + "}", "a number of 5000 digits")
_not_json(b"\xff\xfe{\x00}\x00", "UTF-16")
_not_json(b'{"a": "\xff"}', "bytes that are no UTF-8")
_not_json(b"\xef\xbb\xbf{}", "a byte order mark")
_not_json('{"a": "\\ud800"}', "a lone surrogate")
_not_json('{"a": "\\u0000"}', "an escaped NUL")
_not_json('{"a\\u0000": 1}', "a NUL in a key")
_not_json('{"a": "\x00"}', "a NUL")
_not_json('{"a": ' + "[" * 70 + "]" * 70 + "}", "nesting beyond 64 levels")
_not_json('{"a": ' + "[" * 60_000 + "]" * 60_000 + "}", "nesting beyond the stack")
_not_json("a=b&c=d", "a form")


@row("session_unknown", "a connection nobody opened")
def _(world: World) -> HttpResponse:
    return world.send({"a": 1}, connection_id="nobody=")


@row("session_unknown", "an id that cannot be one")
def _(world: World) -> HttpResponse:
    return world.send({"a": 1}, connection_id="a\x00b")


@row("session_unknown", "a connection that has ended", connected=True)
def _(world: World) -> HttpResponse:
    world.client.disconnect()
    return world.send({"a": 1})


@row("session_unknown", "a connection older than two hours", connected=True)
def _(world: World) -> HttpResponse:
    WebSocketSession.objects.update(created_on=timezone.now() - timedelta(hours=2, seconds=1))
    return world.send({"a": 1})


@row("session_unknown", "a connection of another gateway", connected=True)
def _(world: World) -> HttpResponse:
    other = type(world.client.gateway).objects.create(api_name="other", api_id="otherapi1")
    return world.send({"a": 1}, api_id=other.api_id)


@row("login_ended", "a connection that is closing", connected=True)
def _(world: World) -> HttpResponse:
    WebSocketSession.objects.update(closing_on=timezone.now(), closing_code="x")
    return world.send({"a": 1})


@row("login_ended", "the Django session was deleted behind our back", connected=True)
def _(world: World) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_session")
    return world.send({"a": 1})


@row("login_ended", "the Django session has expired", connected=True)
def _(world: World) -> HttpResponse:
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    return world.send({"a": 1})


@row("login_ended", "the user was deactivated behind our back", connected=True)
def _(world: World) -> HttpResponse:
    type(world.user).objects.update(is_active=False)
    return world.send({"a": 1})


@row("login_ended", "the password was changed behind our back", connected=True)
def _(world: World) -> HttpResponse:
    type(world.user).objects.update(password="another")
    return world.send({"a": 1})


@row("message_rate_limited", "one message too many", connected=True)
def _(world: World) -> HttpResponse:
    world.change(MESSAGE_RATE=1)
    world.send({"action": "inspect"})
    return world.send({"a": 1})


@row("user_agent_changed", "another client", connected=True)
def _(world: World) -> HttpResponse:
    return world.send({"a": 1}, user_agent="curl/8")


@row("user_agent_changed", "no client any more", connected=True)
def _(world: World) -> HttpResponse:
    return world.send({"a": 1}, user_agent=None)


def _no_handler(value: Any, what: str) -> None:
    row("handler_unknown", what, connected=True)(lambda world: world.send({"handler": value}))


_no_handler("nothing", "a name that there is not")
_no_handler("helper", "a method that was not declared")
_no_handler("dispatch", "a method of the engine")
_no_handler("on_connect", "a hook")
_no_handler("__init__", "a method of every object")
_no_handler(None, "null")
_no_handler(["default"], "a list")
_no_handler({"a": 1}, "an object")


@row("handler_unknown", "no default handler", connected=True)
def _(world: World) -> HttpResponse:
    world.view(handlers={})
    return world.send({"a": 1})


@row("permission_denied", "the handler's own permission", connected=True)
def _(world: World) -> HttpResponse:
    return world.send({"action": "inspect"})


@row("permission_denied", "the view's permission, which was not asked for at connect", connected=True)
def _(world: World) -> HttpResponse:
    world.view(permissions_required="gateway.view_apigateway")
    return world.send({"a": 1})


@row("payload_invalid", "a dataclass's field is missing", connected=True)
def _(world: World) -> HttpResponse:
    return world.send({"action": "note"})


@row("payload_invalid", "a form's field is no date", connected=True)
def _(world: World) -> HttpResponse:
    return world.send({"action": "note_form", "text": "x", "on": 7})


@row("payload_invalid", "a pydantic model's field is no number", connected=True)
def _(world: World) -> HttpResponse:
    return world.send({"action": "note_model", "text": "x", "stars": "many"})


@row("permission_denied", "the permitted handler named beside the forbidden one", connected=True)
def _(world: World) -> HttpResponse:
    return world.send('{"action": "note", "text": "x", "action": "inspect"}')
