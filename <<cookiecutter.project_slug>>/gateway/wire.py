"""The contract between API Gateway and Django: header names, event kinds, route keys and frames.

API Gateway sends no connection id, route or event kind of its own accord to an HTTP backend: every value Django trusts is mapped
onto a header by the integration, on every integration, so that a client can never supply it (AWS: a mapped header replaces
a client header of the same name).
"""

from enum import StrEnum
from typing import Any, Final

HEADER_PREFIX: Final = "X-Gateway-"

SECRET: Final = "X-Gateway-Secret"  # noqa: S105
CONNECTION_ID: Final = "X-Gateway-Connection-Id"
EVENT: Final = "X-Gateway-Event"
ROUTE: Final = "X-Gateway-Route"
API_ID: Final = "X-Gateway-Api-Id"
SOURCE_IP: Final = "X-Gateway-Source-Ip"
STAGE: Final = "X-Gateway-Stage"
DOMAIN: Final = "X-Gateway-Domain"
USER_AGENT: Final = "X-Gateway-User-Agent"
CONNECTED_AT: Final = "X-Gateway-Connected-At"
MESSAGE_ID: Final = "X-Gateway-Message-Id"
REQUEST_ID: Final = "X-Gateway-Request-Id"
DISCONNECT_CODE: Final = "X-Gateway-Disconnect-Code"
DISCONNECT_REASON: Final = "X-Gateway-Disconnect-Reason"

REQUIRED_HEADERS: Final = (SECRET, CONNECTION_ID, EVENT, ROUTE, API_ID, SOURCE_IP)

CONNECT_ROUTE_KEY: Final = "$connect"
DISCONNECT_ROUTE_KEY: Final = "$disconnect"
DEFAULT_ROUTE_KEY: Final = "$default"
BUILT_IN_ROUTE_KEYS: Final = (CONNECT_ROUTE_KEY, DISCONNECT_ROUTE_KEY, DEFAULT_ROUTE_KEY)

TOKEN_PARAMETER: Final = "ws_token"  # noqa: S105
CHANNEL_PARAMETER: Final = "channel"


class EventKind(StrEnum):
    """What happened to the connection: the value of `context.eventType`."""

    CONNECT = "CONNECT"
    MESSAGE = "MESSAGE"
    DISCONNECT = "DISCONNECT"


def slug_of(route_key: str) -> str:
    """The last part of the URL that serves a route: `$connect` -> `connect`, `chat_message` -> itself."""
    return route_key.removeprefix("$")


def meta_key(header: str) -> str:
    """The name under which WSGI files a header: `X-Gateway-Route` -> `HTTP_X_GATEWAY_ROUTE`."""
    return "HTTP_" + header.upper().replace("-", "_")


def is_ping(body: object) -> bool:
    """Whether a message only keeps the connection alive: `{"type": "ping"}`, and nothing else in it.

    API Gateway ends a connection after ten minutes without a message and sends no pings of its own, and a browser cannot send one,
    so `client.js` sends this. `WebSocketView` answers it after the guards of the session and before any handler is picked.
    """
    return body == {"type": "ping"}


def pong_frame() -> dict[str, Any]:
    """The answer to a ping. It tells the client that the whole way to Django and back works."""
    return {"type": "pong"}


def error_frame(code: str, message: str, *, reply_to: object = None, errors: Any = None) -> dict[str, Any]:
    """The reply to a message that was refused or is invalid."""
    frame: dict[str, Any] = {"type": "error", "code": code, "message": message, "reply_to": reply_to}
    return frame if errors is None else frame | {"errors": errors}


def closing_frame(code: str, *, reconnect: bool = False) -> dict[str, Any]:
    """The last frame before the server closes a connection on purpose; a WebSocket close of API Gateway carries no code of ours."""
    return {"type": "closing", "code": code, "reconnect": reconnect}
