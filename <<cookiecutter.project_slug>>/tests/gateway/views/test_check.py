"""The preflight: what would a connection of this page and person be told?"""

from typing import Any

import pytest
from django.test import Client

from gateway.models import ChannelPermission, RateLimitSubject, WebSocketSession
from gateway.testing import WebSocketClient
from tests.gateway.views_for_tests import TestView

pytestmark = pytest.mark.django_db

URL = "/api/ws-check/"
PAGE = {"Origin": "https://www.example.com"}


@pytest.fixture
def browser(ann: Any) -> Client:
    return WebSocketClient(ann).browser


def test_all_is_well(browser: Client) -> None:
    """200 and no refusal, and nothing was counted or written."""
    response = browser.get(URL, headers=PAGE)

    assert response.status_code == 200
    assert response.json() == {"ok": True, "last_refusal": None}
    assert not RateLimitSubject.objects.exists()
    assert not WebSocketSession.objects.exists()


def test_the_last_refusal(ann: Any) -> None:
    """What the browser could not read of its own handshake."""
    client = WebSocketClient(ann)
    refused = client.event("CONNECT", token=client.token(), connection_id="x=", channel="closed-room")

    last = client.browser.get(URL, headers=PAGE).json()["last_refusal"]

    assert last["code"] == "channel_forbidden"
    assert last["id"] == refused["X-Refusal-Id"]


@pytest.mark.parametrize(
    ("query", "headers", "code", "status"),
    [
        ({"channel": "closed-room"}, PAGE, "channel_forbidden", 403),
        ({"channel": "a/b"}, PAGE, "channel_invalid", 400),
        ({}, {"Origin": "https://evil.example.net"}, "origin_not_allowed", 403),
        ({}, {}, "origin_not_allowed", 403),
    ],
)
def test_would_be_refused(browser: Client, query: Any, headers: Any, code: str, status: int) -> None:
    """The refusal's own status and code; without an Origin the page's own address counts."""
    response = browser.get(URL, query, headers=headers)

    assert response.status_code == status
    assert response.json()["error"] == code


def test_same_origin_needs_no_header(browser: Client, settings: Any) -> None:
    """Browsers send no Origin with a GET to the page's own site."""
    settings.WEBSOCKETS = settings.WEBSOCKETS | {"ALLOWED_ORIGINS": ["http://testserver"]}

    assert browser.get(URL).status_code == 200


def test_missing_permission(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The view's own conditions are asked: it is found through the URL configuration."""
    monkeypatch.setattr(TestView, "permissions_required", "gateway.view_apigateway")

    assert browser.get(URL, headers=PAGE).json()["error"] == "permission_denied"


def test_used_up_attempts(ann: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """How long to wait, without making it longer."""
    monkeypatch.setattr(TestView, "RATE_LIMIT_MAX_ATTEMPTS", 1)
    client = WebSocketClient(ann)
    client.connect()

    response = client.browser.get(URL, headers=PAGE)

    assert response.status_code == 429
    assert 50 <= int(response["Retry-After"]) <= 60


def test_strangers_learn_nothing(db: None, settings: Any) -> None:
    """In production only signed-in users may ask."""
    settings.DEBUG = False

    response = Client().get(URL, headers=PAGE)

    assert response.status_code == 401
    assert response.json()["error"] == "login_required"


def test_a_closed_channel_looks_like_none(browser: Client) -> None:
    """Whoever may not join learns nothing of what there is."""
    ChannelPermission.objects.create(channel_name="board", audience=ChannelPermission.Audience.STAFF)

    closed, unknown = (browser.get(URL, {"channel": name}, headers=PAGE) for name in ("board", "nothing"))

    assert (closed.status_code, closed.json()) == (unknown.status_code, unknown.json())
    assert closed.json()["error"] == "channel_forbidden"


def test_anyone_may_ask_while_debugging(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A channel for everyone, a view without logins: a person who is not signed in sees the whole way."""
    WebSocketClient()
    settings.DEBUG = True
    monkeypatch.setattr(TestView, "ALLOW_ANONYMOUS", True)
    ChannelPermission.objects.create(channel_name="open", audience=ChannelPermission.Audience.EVERYONE)

    assert Client().get(URL, {"channel": "open"}, headers=PAGE).status_code == 200
    assert Client().get(URL, headers=PAGE).json()["error"] == "channel_forbidden"


def test_without_a_gateway(ann: Any) -> None:
    """The first thing that is missing is said first."""
    browser = Client()
    browser.force_login(ann)

    assert browser.get(URL, headers=PAGE).json()["error"] == "gateway_missing"
