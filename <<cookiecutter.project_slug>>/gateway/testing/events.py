"""Requests as API Gateway makes them, for tests."""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest
from django.test import RequestFactory

from gateway import wire
from gateway.conf import conf
from gateway.wire import EventKind

API_ID: Final = "testapi123"
DOMAIN: Final = f"{API_ID}.execute-api.eu-central-1.amazonaws.com"
SOURCE_IP: Final = "203.0.113.7"
USER_AGENT: Final = "Mozilla/5.0 (tests)"
CONNECTION_ID: Final = "JC1dgf9yoAMCK-g="


def make_headers(
    *,
    kind: EventKind | str = EventKind.MESSAGE,
    route_key: str = "",
    connection_id: str | None = CONNECTION_ID,
    secret: str | None = None,
    api_id: str | None = API_ID,
    source_ip: str | None = SOURCE_IP,
    domain: str | None = DOMAIN,
    user_agent: str | None = USER_AGENT,
    origin: str | None = None,
    disconnect_code: int | None = None,
    disconnect_reason: str = "",
    extra: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The mapped headers of one event, and the `Origin` a browser adds at `$connect`. None leaves a header out."""
    if secret is None:
        secret = next(iter(conf().SECRETS), "")
    headers = {
        wire.SECRET: secret,
        wire.CONNECTION_ID: connection_id,
        wire.EVENT: str(kind),
        wire.ROUTE: route_key or _ROUTES[EventKind(kind)],
        wire.API_ID: api_id,
        wire.SOURCE_IP: source_ip,
        wire.STAGE: "production",
        wire.DOMAIN: domain,
        wire.USER_AGENT: user_agent,
        wire.REQUEST_ID: "RYG0LEicPHcFo_A=",
        wire.DISCONNECT_CODE: None if disconnect_code is None else str(disconnect_code),
        wire.DISCONNECT_REASON: disconnect_reason or None,
        "Origin": origin,
    }
    return {name: value for name, value in headers.items() if value is not None} | dict(extra or {})


_ROUTES: Final = {
    EventKind.CONNECT: wire.CONNECT_ROUTE_KEY,
    EventKind.MESSAGE: wire.DEFAULT_ROUTE_KEY,
    EventKind.DISCONNECT: wire.DISCONNECT_ROUTE_KEY,
}


def make_event(
    *,
    kind: EventKind | str = EventKind.MESSAGE,
    route_key: str = "",
    body: Any = None,
    token: str = "",
    channel: str = "",
    cookies: Mapping[str, str] | None = None,
    content_type: str = "application/json",
    **headers: Any,
) -> HttpRequest:
    """The request that API Gateway makes of one event: `view(make_event(body={"action": "greet"}), route="default")`.

    `body` is text, bytes, or anything that JSON can hold. The other arguments are those of `make_headers`.
    """
    mapped = make_headers(kind=kind, route_key=route_key, **headers)
    query = {name: value for name, value in ((wire.TOKEN_PARAMETER, token), (wire.CHANNEL_PARAMETER, channel)) if value}
    path = f"{conf().PATH}{wire.slug_of(mapped[wire.ROUTE])}" + (f"?{urlencode(query)}" if query else "")
    request = RequestFactory().post(path, as_bytes(body), content_type=content_type, headers=mapped)
    request.COOKIES.update(cookies or {})
    return request


def as_bytes(body: Any) -> bytes:
    """A message as it travels."""
    if isinstance(body, bytes):
        return body
    if body is None:
        return b""
    return (body if isinstance(body, str) else json.dumps(body)).encode()
