"""Headers as a client of API Gateway might forge them, through a real HTTP server."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from gateway.models import ConnectionRateLimit, WebSocketSession
from gateway.testing import WebSocketClient, make_headers
from gateway.testing.client import a_gateway
from gateway.wire import EventKind
from tests.gateway.live.site import Site, running_site

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def site(django_db_setup: None) -> Iterator[Site]:
    """One process."""
    with running_site(workers=1, threads=1) as site:
        yield site


@pytest.fixture
def token(transactional_db: None) -> str:
    """A good token."""
    a_gateway()
    return WebSocketClient(get_user_model().objects.create_user("ann")).token()


def connect(site: Site, token: str, *more: str, without: tuple[str, ...] = ()) -> int:
    """The status of a `$connect` with these header lines after (`+`) or before (`-`) the mapped ones."""
    headers = make_headers(kind=EventKind.CONNECT, connection_id="live=", origin="https://www.example.com")
    lines = [f"{name}: {value}" for name, value in headers.items() if name not in without]
    for line in more:
        lines.insert(len(lines) if line[0] == "+" else 0, line[1:])
    head = [
        f"POST /ws/connect?ws_token={token} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Length: 0",
        "Connection: close",
        *lines,
    ]
    answer = site.raw("\r\n".join([*head, "", ""]).encode())
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize("place", "+-")
def test_an_underscore_twin_is_not_heard(site: Site, token: str, place: str) -> None:
    """WSGI files both spellings under one name; the server drops the twin, so the mapped address counts."""
    assert connect(site, token, f"{place}X_Gateway_Source_Ip: 198.51.100.66") == 200
    assert ConnectionRateLimit.objects.get().ip_address == "203.0.113.7"


def test_the_longest_handshake(site: Site, token: str) -> None:
    """AWS takes an address of 4,096 characters, and its query comes to Django in the request's first line."""
    longest = 4_096 - len("wss://ws.example.com?ws_token=")

    assert connect(site, f"{token}&page=".ljust(longest, "x")) == 200


def test_a_twin_is_no_secret(site: Site, token: str) -> None:
    """The right secret under the wrong spelling is no secret."""
    secret = make_headers()["X-Gateway-Secret"]

    assert connect(site, token, f"+X_Gateway_Secret: {secret}", without=("X-Gateway-Secret",)) == 403


@pytest.mark.parametrize("place", "+-")
@pytest.mark.parametrize("line", ["X-Gateway-Source-Ip: 198.51.100.66", "x-gateway-source-ip: 198.51.100.66"])
def test_a_doubled_address_is_refused(site: Site, token: str, place: str, line: str) -> None:
    """In any case and on any side: nobody can tell which of the two is API Gateway's."""
    assert connect(site, token, f"{place}{line}") == 400
    assert not WebSocketSession.objects.exists()


@pytest.mark.parametrize("place", "+-")
def test_a_doubled_secret_is_refused(site: Site, token: str, place: str) -> None:
    """Even beside the right one."""
    assert connect(site, token, f"{place}X-Gateway-Secret: guess") == 403


def test_forwarded_addresses_do_not_count(site: Site, token: str) -> None:
    """`X-Forwarded-For` is what its sender likes."""
    assert connect(site, token, "+X-Forwarded-For: 198.51.100.66") == 200
    assert ConnectionRateLimit.objects.get().ip_address == "203.0.113.7"


def message(site: Site, token: str, framing: list[str], body: bytes) -> Any:
    connect(site, token)
    lines = [f"{name}: {value}" for name, value in make_headers(connection_id="live=").items()]
    head = ["POST /ws/default HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *framing, *lines, "", ""]
    return site.raw("\r\n".join(head).encode() + body)


def test_a_chunked_body(site: Site, token: str) -> None:
    """API Gateway sends a length. Without one Django reads nothing, which is no JSON: refused, not half read."""
    answer = message(site, token, ["Transfer-Encoding: chunked"], b"2\r\n{}\r\n0\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 200")
    assert b"body_not_json" in answer


def test_a_body_announced_too_large(site: Site, token: str) -> None:
    """It is refused by its announced length, before it is read."""
    answer = message(site, token, ["Content-Length: 131073"], b"")

    assert b"body_too_large" in answer
