"""What an event costs in SQL statements, caches warm, BEGIN and COMMIT aside."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.http import HttpResponse

from gateway.models import ConnectionRateLimit, RateLimitSubject, WebSocketRefusal
from gateway.testing import WebSocketClient
from gateway.wire import EventKind
from tests.gateway.views_for_tests import TestView

pytestmark = pytest.mark.django_db

TRANSACTION = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement that is executed meanwhile."""
    seen: list[str] = []

    def watch(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if not sql.upper().startswith(TRANSACTION):
            seen.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(watch):
        yield seen


@pytest.fixture(autouse=True)
def _warm(settings: Any) -> None:
    settings.WEBSOCKETS = settings.WEBSOCKETS | {"CACHE_SECONDS": 30}


@pytest.fixture
def warm(client: WebSocketClient) -> WebSocketClient:
    """A client whose process has seen every sort of event before."""
    client.send({"a": 1})
    client.disconnect()
    client.connect()
    return client


def test_connect_with_token(warm: WebSocketClient) -> None:
    """Token with its user, rate limit, redemption, session, attempt: five of at most six."""
    token = warm.token()

    with statements() as seen:
        warm.connect(token=token)

    assert len(seen) == 5, seen


def test_connect_without_token(warm: WebSocketClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Django's session and user, rate limit, session, attempt: five of at most five."""
    monkeypatch.setattr(TestView, "USE_WS_TOKEN", False)
    cookie = f"{django_settings.SESSION_COOKIE_NAME}={warm.browser.session.session_key}"

    with statements() as seen:
        response = warm.event(EventKind.CONNECT, connection_id="cookie=", extra={"Cookie": cookie})

    assert response.status_code == 200
    assert len(seen) == 5, seen


def test_message(warm: WebSocketClient) -> None:
    """One statement where the database can answer with the user, else two."""
    with statements() as seen:
        warm.send({"a": 1})

    assert len(seen) == (1 if connection.vendor == "postgresql" else 2), seen


def test_disconnect(warm: WebSocketClient) -> None:
    """One."""
    with statements() as seen:
        warm.disconnect()

    assert len(seen) == 1, seen


def test_a_refused_connect_costs_the_same_whatever_came_before(
    warm: WebSocketClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal by the rate limit is a constant number of statements, and the limiter's rows do not grow."""
    monkeypatch.setattr(TestView, "RATE_LIMIT_MAX_ATTEMPTS", 2)

    def refused() -> tuple[HttpResponse, int]:
        with statements() as seen:
            response = warm.event(EventKind.CONNECT, token="wrong", connection_id="again=")
        return response, len(seen)

    first = [refused() for _ in range(4)][-1]
    size = [len(subject.instants) for subject in RateLimitSubject.objects.order_by("subject")]
    for _ in range(30):
        last = refused()

    assert first[0].json()["error"] == last[0].json()["error"] == "rate_limited"
    assert first[1] == last[1] <= 6
    assert [len(subject.instants) for subject in RateLimitSubject.objects.order_by("subject")] == size


def test_records_stay_bounded(client: WebSocketClient, settings: Any) -> None:
    """Refusals and attempts are cut back to `REFUSAL_RETENTION`, without a cron job."""
    settings.WEBSOCKETS = settings.WEBSOCKETS | {"REFUSAL_RETENTION": 10}

    for _ in range(60):
        client.event(EventKind.CONNECT, token="wrong", connection_id="x=")

    assert WebSocketRefusal.objects.count() <= 11
    assert ConnectionRateLimit.objects.count() <= 11
