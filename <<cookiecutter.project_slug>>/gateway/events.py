"""An event of API Gateway, read once into typed values.

Reading never refuses: what is absent or impossible is `None`, and a guard decides what that means. Nothing downstream spells a
header name.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cached_property
from ipaddress import IPv6Address, ip_address
from typing import Final

from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
from django.core.handlers.wsgi import get_bytes_from_wsgi
from django.http import HttpRequest, QueryDict

from gateway import wire
from gateway.wire import EventKind

_QUERY_KEYS: Final = frozenset({"QUERY_STRING", "RAW_URI", "REQUEST_URI"})
"""Where WSGI servers put the query string. gunicorn adds the last two."""

_MAX_USER_AGENT_LENGTH: Final = 512

connecting: ContextVar[str] = ContextVar("connecting", default="")
"""The connection whose `$connect` is being answered: until then API Gateway does not know it, and nothing can be sent to it."""


@contextmanager
def answering_connect(connection_id: str) -> Iterator[None]:
    """Names the connection that nothing can be sent to while the block runs."""
    token = connecting.set(connection_id)
    try:
        yield
    finally:
        connecting.reset(token)


def hash_of(value: str) -> str:
    """SHA-256 in hexadecimal: how tokens and session keys are kept. Both are long and random, so no salt is needed."""
    return hashlib.sha256(value.encode()).hexdigest()


class Event:
    """What API Gateway told us in one request. Each value is read when it is first asked for."""

    def __init__(self, request: HttpRequest) -> None:
        self._meta = request.META
        self._request = request
        query = self._read_query()
        self.token = query.get(wire.TOKEN_PARAMETER, "")
        self.channel_name = query.get(wire.CHANNEL_PARAMETER, "")

    def _read_query(self) -> QueryDict:
        """The query string, whose one-time token is kept out of error pages and reports, which print the request.

        It is UTF-8, whatever charset a client's `Content-Type` claims. One with more fields than Django reads counts as none.
        """
        given = get_bytes_from_wsgi(self._meta, "QUERY_STRING", "")
        try:
            query = QueryDict(given, encoding="utf-8")
        except TooManyFieldsSent:
            query = QueryDict()
        if wire.TOKEN_PARAMETER in query or (given and not query):
            for key in _QUERY_KEYS & self._meta.keys():
                self._meta[key] = str(self._meta[key]).partition("?")[0] if key != "QUERY_STRING" else ""
        without_token = query.copy()
        without_token.pop(wire.TOKEN_PARAMETER, None)
        self._request.GET = without_token  # type: ignore[assignment]
        return query

    def header(self, name: str) -> str | None:
        """A mapped header. Empty means absent: AWS does not say which of the two an empty variable becomes."""
        return self._meta.get(wire.meta_key(name)) or None

    @cached_property
    def secret(self) -> str:
        return self.header(wire.SECRET) or ""

    @cached_property
    def kind(self) -> EventKind | None:
        value = self.header(wire.EVENT) or ""
        return EventKind(value) if value in EventKind.__members__ else None

    @cached_property
    def route_key(self) -> str | None:
        return self.header(wire.ROUTE)

    @cached_property
    def connection_id(self) -> str | None:
        return self.header(wire.CONNECTION_ID)

    @cached_property
    def api_id(self) -> str | None:
        return self.header(wire.API_ID)

    @cached_property
    def source_ip(self) -> str | None:
        """The client's own address, as API Gateway saw it. An IPv4 address in IPv6 clothing is an IPv4 address."""
        try:
            address = ip_address(self.header(wire.SOURCE_IP) or "")
        except ValueError:
            return None
        if isinstance(address, IPv6Address):
            if address.scope_id:
                return None
            return str(address.ipv4_mapped or address)
        return str(address)

    @cached_property
    def domain(self) -> str | None:
        """The host name the client connected to, without a port."""
        return _host_name(self.header(wire.DOMAIN) or "") or None

    @cached_property
    def user_agent(self) -> str:
        """The client's own, on every event. Cut where the column ends."""
        return _printable(self.header(wire.USER_AGENT))[:_MAX_USER_AGENT_LENGTH]

    @cached_property
    def origin(self) -> str | None:
        return self._meta.get("HTTP_ORIGIN") or None

    @cached_property
    def cookie_hash(self) -> str | None:
        """The hash of the session cookie, if one reached the gateway's domain."""
        key = self._request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        return hash_of(key) if key else None

    @cached_property
    def subprotocols(self) -> list[str]:
        """What the client offers, in its order of preference."""
        offered = self._meta.get("HTTP_SEC_WEBSOCKET_PROTOCOL", "").split(",")
        return [name.strip() for name in offered if name.strip()]

    @cached_property
    def connected_at(self) -> datetime | None:
        """`context.connectedAt`, which is in milliseconds."""
        value = self._number(wire.CONNECTED_AT)
        try:
            return None if value is None else datetime.fromtimestamp(value / 1000, UTC)
        except (OverflowError, OSError, ValueError):
            return None

    @cached_property
    def message_id(self) -> str | None:
        return self.header(wire.MESSAGE_ID)

    @cached_property
    def request_id(self) -> str:
        """AWS's own id of the request, for finding it in the gateway's access log."""
        return _printable(self.header(wire.REQUEST_ID))[:64]

    @cached_property
    def disconnect_code(self) -> int | None:
        code = self._number(wire.DISCONNECT_CODE)
        return code if code is not None and code < 5000 else None

    @cached_property
    def disconnect_reason(self) -> str:
        return _printable(self.header(wire.DISCONNECT_REASON))[:128]

    @cached_property
    def content_length(self) -> int:
        value = self._meta.get("CONTENT_LENGTH") or "0"
        return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else 0

    def body(self) -> bytes:
        """The message as it came. Ask for `content_length` first; raises what Django raises when a body cannot be read."""
        return self._request.body

    def _number(self, name: str) -> int | None:
        value = self.header(name)
        return int(value) if value and value.isascii() and value.isdigit() and len(value) < 19 else None


def _host_name(value: str) -> str:
    """`Example.COM:443` -> `example.com`."""
    host = value.strip().lower()
    return host.partition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]


def _printable(value: str | None) -> str:
    """Text that a database and a log line can hold: no control characters, nothing that is not UTF-8."""
    text = (value or "").encode("utf-8", "replace").decode()
    return text if text.isprintable() else "".join(letter for letter in text if letter.isprintable())
