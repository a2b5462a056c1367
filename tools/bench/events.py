"""The requests that API Gateway sends for connects, messages and disconnects, as each project expects them."""

import json
import random
import secrets
import string
from collections.abc import Mapping
from typing import Protocol

SECRET = "benchmark-secret-benchmark-secret-benchmark"
SOCKET_HOST = "ws.example.com"
SESSION_IDS = "B{:09d}benchx="
"""Format of the connection ids of sessions made beforehand. Characters 2 to 10 are the recipient's number."""

_LETTERS = string.ascii_letters + string.digits


def random_address() -> str:
    """An IPv4 address of the open internet's shape."""
    return f"{random.randint(11, 99)}.{random.randint(0, 255)}.{random.randint(0, 255)}.{random.randint(1, 254)}"


def random_connection_id() -> str:
    """Of the shape that AWS makes."""
    return "".join(random.choices(_LETTERS, k=15)) + "="


class Dialect(Protocol):
    """How one project wants an event to look."""

    host: str

    def headers(self, event: str, route: str, connection_id: str, address: str) -> dict[str, str]:
        """What the integration adds to what AWS sends by itself."""


class PeerDialect:
    """The published package: the socket's own host, three headers that its documentation maps."""

    host = SOCKET_HOST

    def headers(self, event: str, route: str, connection_id: str, address: str) -> dict[str, str]:
        """The connection id, the secret, and the two headers its view insists on besides."""
        del event, route
        return {
            "Connectionid": connection_id,
            "X-Ws-Gateway-Secret": SECRET,
            "X-Forwarded-Port": "443",
            "X-Real-Ip": address,
        }


class OurDialect:
    """The generated project: everything it trusts is mapped by the integration."""

    host = "www.example.com"

    def headers(self, event: str, route: str, connection_id: str, address: str) -> dict[str, str]:
        """All headers that provisioning maps."""
        return {
            "X-Gateway-Secret": SECRET,
            "X-Gateway-Connection-Id": connection_id,
            "X-Gateway-Event": event,
            "X-Gateway-Route": route,
            "X-Gateway-Api-Id": "benchapi01",
            "X-Gateway-Source-Ip": address,
            "X-Gateway-Stage": "production",
            "X-Gateway-Domain": SOCKET_HOST,
            "X-Gateway-User-Agent": "Mozilla/5.0 (X11; Linux x86_64)",
            "X-Gateway-Connected-At": "1700000000000",
            "X-Gateway-Message-Id": secrets.token_urlsafe(12) if event == "MESSAGE" else "",
            "X-Gateway-Request-Id": secrets.token_urlsafe(12),
            "X-Gateway-Disconnect-Code": "1000" if event == "DISCONNECT" else "",
            "X-Gateway-Disconnect-Reason": "",
            "X-Forwarded-Port": "443",
        }


def request(dialect: Dialect, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """One HTTP request that ends its connection."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {dialect.host}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items() if value]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def _event(dialect: Dialect, event: str, route: str, connection_id: str, address: str, **more: str) -> dict[str, str]:
    sent_by_aws = {
        "User-Agent": "AmazonAPIGateway_benchapi01",
        "X-Amzn-Apigateway-Api-Id": "benchapi01",
        "X-Amzn-Trace-Id": f"Self=1-{secrets.token_hex(4)};Root=1-{secrets.token_hex(4)}",
        "X-Forwarded-For": address,
        "X-Forwarded-Proto": "https",
        "Content-Type": "application/json",
    }
    return sent_by_aws | more | dialect.headers(event, route, connection_id, address)


def connect(
    dialect: Dialect, session_key: str, token: str, *, address: str | None = None, connection_id: str | None = None
) -> bytes:
    """A $connect: the browser's handshake headers, the session cookie, and the token if there is one."""
    handshake = {
        "Cookie": f"sessionid={session_key}",
        "Origin": f"https://{dialect.host}",
        "Sec-Websocket-Extensions": "permessage-deflate; client_max_window_bits",
        "Sec-Websocket-Key": secrets.token_urlsafe(16),
        "Sec-Websocket-Version": "13",
    }
    connection_id = connection_id or random_connection_id()
    headers = _event(dialect, "CONNECT", "$connect", connection_id, address or random_address(), **handshake)
    return request(dialect, "POST", f"/ws/connect?channel=lobby&ws_token={token}", headers)


def message(dialect: Dialect, connection_id: str) -> bytes:
    """A message that goes to the view's `default`."""
    body = json.dumps({"action": "default", "message": "x" * 100}).encode()
    headers = _event(dialect, "MESSAGE", "$default", connection_id, random_address())
    return request(dialect, "POST", "/ws/default", headers, body)


def disconnect(dialect: Dialect, connection_id: str) -> bytes:
    """A $disconnect."""
    headers = _event(dialect, "DISCONNECT", "$disconnect", connection_id, random_address())
    return request(dialect, "POST", "/ws/disconnect", headers)


def token_request(dialect: Dialect, session_key: str) -> bytes:
    """A page's request for a token."""
    csrf = "a" * 32
    headers = {
        "Cookie": f"sessionid={session_key}; csrftoken={csrf}",
        "X-CSRFToken": csrf,
        "Referer": f"https://{dialect.host}/",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": random_address(),
    }
    return request(dialect, "POST", "/api/ws-token/", headers)
