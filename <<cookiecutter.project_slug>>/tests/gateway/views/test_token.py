"""Where a page fetches its one-time token."""

from base64 import urlsafe_b64decode
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from django.utils import timezone

from gateway.events import hash_of
from gateway.models import ApiGateway, RateLimitSubject, WebSocketRefusal, WebSocketToken
from gateway.testing import WebSocketClient

pytestmark = pytest.mark.django_db

URL = "/api/ws-token/"


@pytest.fixture
def browser(ann: Any) -> Client:
    return WebSocketClient(ann).browser


def test_answer(browser: Client) -> None:
    """A token, its lifetime in seconds, and the socket's address without the token."""
    response = browser.post(URL)

    assert set(response.json()) == {"token", "expires_in", "url"}
    assert response.json()["expires_in"] == 60
    assert response.json()["url"] == ApiGateway.objects.get().socket_url
    assert response["Cache-Control"] == "no-store"


def test_only_hashes_are_kept(browser: Client, ann: Any) -> None:
    """The row belongs to the user and the login, and holds neither token nor key."""
    text = browser.post(URL).json()["token"]
    row = WebSocketToken.objects.get()

    assert row.user == ann
    assert row.token_hash == hash_of(text)
    assert row.session_key_hash == hash_of(browser.session.session_key)
    assert text not in str(vars(row))
    assert browser.session.session_key not in str(vars(row))


def test_eleventh_token_in_a_minute(browser: Client) -> None:
    """Ten a minute; then 429 with the seconds to wait."""
    answers = [browser.post(URL) for _ in range(11)]

    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert answers[-1].json()["error"] == "rate_limited"
    assert 50 <= int(answers[-1]["Retry-After"]) <= 60
    assert WebSocketToken.objects.count() == 10
    assert WebSocketRefusal.objects.get().kind == "TOKEN"


def test_a_minute_later(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the first of ten is a minute old there is room for one."""
    for _ in range(10):
        browser.post(URL)
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(seconds=61))

    assert browser.post(URL).status_code == 200


def test_needs_a_login(db: None) -> None:
    """401 in JSON, not a redirect to a page that a script cannot read; and a stranger leaves no row."""
    response = Client().post(URL)

    assert response.status_code == 401
    assert response.json()["error"] == "login_required"
    assert not WebSocketRefusal.objects.exists()


def test_needs_a_csrf_token(ann: Any) -> None:
    """A foreign page cannot make a browser fetch tokens."""
    WebSocketClient(ann)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ann)

    assert browser.post(URL).status_code == 403
    assert not WebSocketToken.objects.exists()
    assert not RateLimitSubject.objects.exists()


def test_tokens_cannot_be_guessed(browser: Client) -> None:
    """Each is new, and of 256 random bits."""
    tokens = {browser.post(URL).json()["token"] for _ in range(10)}

    assert len(tokens) == 10
    assert all(len(urlsafe_b64decode(f"{token}=")) == 32 for token in tokens)


def test_a_planted_session_key_opens_nothing(ann: Any) -> None:
    """Who made a victim's browser use a session of their own has no part in the login that follows."""
    planted = SessionStore()
    planted.create()
    victim, thief = WebSocketClient(ann).browser, Client()
    victim.logout()
    for browser in (victim, thief):
        browser.cookies["sessionid"] = planted.session_key

    victim.post("/accounts/login/", {"username": "ann", "password": "ann's password"})

    assert victim.post(URL).status_code == 200
    assert thief.post(URL).status_code == 401


def test_get_is_not_enough(browser: Client) -> None:
    """A link cannot issue tokens."""
    assert browser.get(URL).status_code == 405


def test_without_a_gateway(ann: Any) -> None:
    """Until the gateway is provisioned the answer says what to do."""
    browser = Client()
    browser.force_login(ann)
    ApiGateway.objects.create(api_name="registered only")

    response = browser.post(URL)

    assert response.status_code == 503
    assert response.json()["error"] == "gateway_missing"
    assert "provision_gateway" in response.json()["message"]
    assert not WebSocketToken.objects.exists()


def test_old_tokens_go_by_themselves(browser: Client, settings: Any) -> None:
    """The table stays bounded without a cron job."""
    settings.WEBSOCKETS = settings.WEBSOCKETS | {"REFUSAL_RETENTION": 1, "TOKEN_LIMIT": 100}
    browser.post(URL)
    WebSocketToken.objects.update(created_on=timezone.now() - timedelta(hours=2))

    browser.post(URL)

    assert WebSocketToken.objects.count() == 1
