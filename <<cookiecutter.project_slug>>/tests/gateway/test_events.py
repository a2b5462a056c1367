"""An event as it is read: what is absent or impossible is None, and nothing is refused."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest

from gateway import wire
from gateway.events import Event
from gateway.guards.addresses import is_allowed_origin, is_own_domain
from gateway.guards.identity import network_of
from gateway.models import ApiGateway
from gateway.testing import make_event
from gateway.wire import EventKind


def read(**options: Any) -> Event:
    return Event(make_event(**options))


def with_header(name: str, value: str) -> Event:
    return read(extra={name: value})


def test_a_whole_event() -> None:
    """Each value in its own type."""
    event = read(
        kind=EventKind.DISCONNECT,
        disconnect_code=1001,
        disconnect_reason="Going away",
        extra={wire.CONNECTED_AT: "1782900000123", wire.MESSAGE_ID: "m="},
    )

    assert event.kind is EventKind.DISCONNECT
    assert event.route_key == "$disconnect"
    assert event.connection_id == "JC1dgf9yoAMCK-g="
    assert event.source_ip == "203.0.113.7"
    assert event.connected_at == datetime(2026, 7, 1, 10, 0, 0, 123_000, tzinfo=UTC)
    assert event.message_id == "m="
    assert event.disconnect_code == 1001
    assert event.disconnect_reason == "Going away"


def test_empty_means_absent() -> None:
    """AWS does not say which of the two an empty variable becomes."""
    event = read(connection_id="", api_id="", source_ip="", domain="", extra={wire.EVENT: "", wire.MESSAGE_ID: ""})

    assert [event.connection_id, event.api_id, event.source_ip, event.domain, event.kind, event.message_id] == [
        None
    ] * 6


@pytest.mark.parametrize(
    ("given", "read_as"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("fe80::1%eth0", None),
        ("203.0.113.7, 10.0.0.1", None),
        ("203.0.113.256", None),
        ("localhost", None),
    ],
)
def test_source_ip(given: str, read_as: str | None) -> None:
    """One spelling for each address; what is no address is None."""
    assert read(source_ip=given).source_ip == read_as


@pytest.mark.parametrize(
    ("given", "read_as"),
    [
        ("1001", 1001),
        ("0", 0),
        ("-1", None),
        ("1e3", None),
        ("99999", None),
        ("\u0661", None),
        ("x", None),
        ("9" * 400, None),
    ],
)
def test_disconnect_code(given: str, read_as: int | None) -> None:
    """A WebSocket close code or nothing."""
    assert with_header(wire.DISCONNECT_CODE, given).disconnect_code == read_as


@pytest.mark.parametrize("given", ["9" * 18, "x", "-5", "1.5"])
def test_impossible_times(given: str) -> None:
    """A time beyond the calendar is none."""
    assert with_header(wire.CONNECTED_AT, given).connected_at is None


def test_user_agent_is_cut_and_cleaned() -> None:
    """As long as the column, and without what a database cannot hold."""
    assert read(user_agent="a\x00b\x7fc" + "d" * 600).user_agent == "abc" + "d" * 509
    assert read(user_agent=None).user_agent == ""


def test_the_token_is_taken_out_of_the_request() -> None:
    """Error pages print the request; the token must not be in it."""
    request = make_event(kind=EventKind.CONNECT, token="secret-token", channel="lobby")
    request.META["RAW_URI"] = "/ws/connect?ws_token=secret-token"

    event = Event(request)

    assert event.token == "secret-token"
    assert event.channel_name == "lobby"
    assert "secret-token" not in f"{request!r}{request.META}{request.GET}{request.get_full_path()}"
    assert request.GET["channel"] == "lobby"


@pytest.mark.parametrize("charset", ["unicode_escape", "utf-16", "nothing"])
def test_no_client_chooses_how_a_query_is_read(charset: str) -> None:
    """Whatever charset a handshake's own Content-Type claims, a query string is UTF-8."""
    environ = make_event(kind=EventKind.CONNECT, token="t", channel="\\ud800").environ
    request = WSGIRequest(environ | {"CONTENT_TYPE": f"text/plain; charset={charset}"})

    event = Event(request)

    assert (event.token, event.channel_name) == ("t", "\\ud800")
    assert "ws_token" not in request.GET


def test_a_query_of_too_many_fields_is_none() -> None:
    """Django refuses to read it; the token in it goes nowhere all the same."""
    request = make_event(kind=EventKind.CONNECT, token="t")
    request.META["QUERY_STRING"] += "&a" * 2_000

    event = Event(request)

    assert (event.token, event.channel_name) == ("", "")
    assert "ws_token" not in request.get_full_path()
    assert not request.GET


def test_the_last_of_two_tokens_counts_and_none_stays() -> None:
    """Not even when the last one is empty."""
    request = make_event(kind=EventKind.CONNECT, token="t")
    request.META["QUERY_STRING"] += "&ws_token="

    assert Event(request).token == ""
    assert "ws_token" not in request.get_full_path()


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://www.example.com", True),
        ("HTTPS://WWW.EXAMPLE.COM", True),
        ("https://www.example.com:443", False),
        ("http://www.example.com", False),
        ("https://example.com", False),
        ("https://www.example.com.evil.net", False),
        ("https://evil.net/https://www.example.com", False),
        ("http://localhost:5173", True),
        ("http://localhost", True),
        ("http://localhost:", False),
        ("http://localhost:1@evil.net", False),
        ("http://localhost:123456", False),
        ("http://localhostx:80", False),
        ("null", False),
        ("", False),
    ],
)
def test_origins(origin: str, allowed: bool) -> None:
    """Whole origins, and a wildcard for ports only."""
    assert is_allowed_origin(origin, ["https://www.example.com", "http://localhost:*"]) is allowed


@pytest.mark.parametrize(
    ("domain", "own"),
    [
        ("ws.example.com", True),
        ("abc123.execute-api.eu-central-1.amazonaws.com", True),
        ("abc124.execute-api.eu-central-1.amazonaws.com", False),
        ("example.com", False),
        ("localhost", False),
    ],
)
def test_own_domains(domain: str, own: bool) -> None:
    """The gateway's own domain and the one AWS gave it, whether or not that was recorded."""
    endpoint = "wss://abc123.execute-api.eu-central-1.amazonaws.com"
    for recorded in (endpoint, ""):
        gateway = ApiGateway(api_id="abc123", domain_name="WS.example.com", api_endpoint=recorded)
        assert is_own_domain(domain, gateway) is own


def test_an_emulator_has_every_name_of_this_machine() -> None:
    """127.0.0.1 and localhost are the same gateway there, and nothing else is."""
    gateway = ApiGateway(api_id="abc123", api_endpoint="ws://127.0.0.1:8001/_apis/abc123")

    assert is_own_domain("localhost", gateway)
    assert is_own_domain("::1", gateway)
    assert not is_own_domain("192.168.0.1", gateway)


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ("Example.COM", "example.com"),
        ("localhost:8001", "localhost"),
        ("[::1]:8001", "::1"),
        (":443", None),
        ("[]", None),
    ],
)
def test_domain(given: str, host: str | None) -> None:
    """Lower case, without the port. What names no host is none: a gateway without a domain of its own has no name either."""
    assert read(domain=given).domain == host


def test_networks() -> None:
    """An IPv6 customer has a whole /64; an IPv4 address is one."""
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:1") == "2001:db8::/64"
    assert network_of("2001:db8:0:1::1") != network_of("2001:db8::1")
    assert network_of("203.0.113.7") == "203.0.113.7"
