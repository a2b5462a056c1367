"""The checks of a message, from its bytes to its handler."""

import json
import math
import re
from datetime import timedelta
from typing import Any, Final

from django.core.exceptions import RequestDataTooBig
from django.http import UnreadablePostError

from gateway import payloads, routing, wire
from gateway.conf import conf
from gateway.exceptions import (
    BodyNotJson,
    BodyTooLarge,
    MessageRateLimited,
    PermissionMissing,
    SessionUnknown,
    UserAgentChanged,
)
from gateway.guards.addresses import CONNECTION_ID
from gateway.guards.requirements import holds, of_view
from gateway.guards.visit import Visit
from gateway.models import WebSocketSession
from gateway.models.arrival import MessageRate, arrive

MAX_DEPTH: Final = 64
_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class HasJsonBody:
    """A JSON object of at most `MAX_BODY_SIZE` bytes that a database can store and a handler can walk."""

    def __call__(self, visit: Visit) -> None:
        largest = visit.policy.MAX_BODY_SIZE
        if visit.event.content_length > largest:
            raise BodyTooLarge(f"{visit.event.content_length} bytes")
        try:
            raw = visit.event.body()
        except RequestDataTooBig:
            raise BodyTooLarge("larger than DATA_UPLOAD_MAX_MEMORY_SIZE") from None
        except (UnreadablePostError, ValueError):  # Django reads Content-Length without checking that it is a number
            raise BodyNotJson("the body did not arrive whole") from None
        if len(raw) > largest:
            raise BodyTooLarge(f"{len(raw)} bytes")
        visit.body = read_object(raw)


def read_object(raw: bytes) -> dict[str, Any]:
    """A message's body. Raises `BodyNotJson`.

    Besides what JSON forbids this refuses what would fail later, in a handler or in the database: NaN and numbers beyond a float,
    lone surrogates, NUL characters, and nesting deeper than `MAX_DEPTH`.
    """
    try:
        value = json.loads(raw.decode(), parse_constant=_no_number, parse_float=_finite)
        if b"\\u" in raw:
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):  # UnicodeError is a ValueError
        raise BodyNotJson("not JSON in UTF-8") from None
    if not isinstance(value, dict):
        raise BodyNotJson("JSON, but no object")
    if b"\\u0000" in raw and _NUL.search(raw):
        raise BodyNotJson("holds a NUL character")
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and _deeper_than(value, MAX_DEPTH):
        raise BodyNotJson(f"nested deeper than {MAX_DEPTH} levels")
    return value


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number beyond what a float holds")
    return number


def _deeper_than(value: Any, levels: int) -> bool:
    """Whether containers nest deeper than this. Level by level, so that it cannot run out of stack itself."""
    layer = [value]
    for _ in range(levels):
        layer = [
            inner
            for outer in layer
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
        if not layer:
            return False
    return True


class LiveSession:
    """A session of this very gateway that is connected and younger than the two hours no connection outlives."""

    def __call__(self, visit: Visit) -> None:
        connection_id = visit.event.connection_id or ""
        settings = conf()
        rate = MessageRate(settings.MESSAGE_RATE, timedelta(seconds=settings.MESSAGE_RATE_WINDOW))
        if CONNECTION_ID.fullmatch(connection_id):
            visit.arrival = arrive(connection_id, visit.known_gateway().pk, rate, visit.now)
        if visit.arrival is None:
            raise SessionUnknown
        session = visit.arrival.session
        visit.channel_name = session.channel_name
        visit.belongs_to(session.user)


class WithinMessageRate:
    """`MESSAGE_RATE` messages in `MESSAGE_RATE_WINDOW` of one connection; who keeps ignoring it is closed."""

    def __call__(self, visit: Visit) -> None:
        if visit.arrival is None or visit.arrival.within_rate:
            return
        session, patience = visit.session(), conf().MESSAGE_RATE_STRIKES
        if patience and session.strikes >= patience:
            WebSocketSession.objects.filter(pk=session.pk).close(MessageRateLimited.code)
        raise MessageRateLimited(retry_after=math.ceil(conf().MESSAGE_RATE_WINDOW))


class SameUserAgent:
    """The client is the one that connected. Both are mapped from the gateway's context; absent both times is equal."""

    def __call__(self, visit: Visit) -> None:
        if visit.event.user_agent != visit.session().user_agent:
            raise UserAgentChanged


class PicksHandler:
    """Selects the handler by name from the view's table. A ping needs none."""

    def __call__(self, visit: Visit) -> None:
        if wire.is_ping(visit.body):
            return
        visit.handler = routing.select(
            visit.body,
            visit.route,
            visit.policy.handlers,
            handler_key=visit.policy.handler_selection_key,
            route_key=visit.policy.route_selection_key,
        )


class MayCallHandler:
    """The view's permissions, which may have been lost since `$connect`, and the handler's own."""

    def __call__(self, visit: Visit) -> None:
        if visit.handler is None:
            return
        policy = visit.policy
        needed = of_view(policy.permissions_required, policy.all_permissions_required)
        if not holds(visit.user, needed + of_view((), visit.handler.permissions)):
            raise PermissionMissing(f"for the handler {visit.handler.name}")


class ValidPayload:
    """The handler's schema, where it has one."""

    def __call__(self, visit: Visit) -> None:
        visit.payload = visit.body
        if visit.handler is not None and visit.handler.schema is not None:
            visit.payload = payloads.validate(visit.handler.schema, visit.body)
