"""What the clean-up commands retire, close and delete."""

import threading
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connections
from django.utils import timezone

from gateway.models import (
    Broadcast,
    ConnectionRateLimit,
    RateLimitSubject,
    WebSocketSession,
    WebSocketToken,
)
from tests.gateway.messaging.conftest import make_sessions
from tests.gateway.messaging.server import GONE, Call, ManagementServer

pytestmark = pytest.mark.django_db
ANYWHERE = "https://nowhere.example/production"
DAY = 86_400


def run(command: str, **options: Any) -> str:
    out = StringIO()
    call_command(command, stdout=out, **options)
    return out.getvalue()


def connected() -> set[str]:
    return set(WebSocketSession.objects.filter(connected=True).values_list("connection_id", flat=True))


def test_two_hours_are_the_end() -> None:
    """A session older than any connection can be is retired, and marked with the time."""
    make_sessions(ANYWHERE, "old", age=7_201)
    make_sessions(ANYWHERE, "young", age=60)

    assert "1 retired for their age" in run("clear_websocket_sessions")

    assert connected() == {"young"}
    assert WebSocketSession.objects.get(connection_id="old").disconnected_on is not None


@pytest.mark.usefixtures("engine")
def test_asks_about_the_doubtful(management: ManagementServer) -> None:
    """API Gateway is asked about the silent ones; those it does not know are retired."""
    silent = timezone.now() - timedelta(minutes=15)
    make_sessions(management.url, "silent", "gone", age=1_800, updated_on=silent)
    make_sessions(management.url, "lively", age=1_800)

    async def one_is_gone(call: Call, _: object) -> tuple[int, str, str]:
        return GONE if call.connection_id == "gone" else (200, "", "{}")

    management.behaviour = one_is_gone

    assert "1 found gone" in run("clear_websocket_sessions")

    assert {(call.method, call.connection_id) for call in management.calls} == {("GET", "silent"), ("GET", "gone")}
    assert connected() == {"silent", "lively"}


@pytest.mark.usefixtures("engine")
def test_finishes_what_is_closing(management: ManagementServer) -> None:
    """What was marked and never closed is closed, and stays for the next time if that fails."""
    marked = timezone.now() - timedelta(minutes=5)
    make_sessions(management.url, "left", "refused", closing_on=marked, closing_code="login_ended")
    make_sessions(management.url, "just", closing_on=timezone.now(), closing_code="login_ended")

    async def one_fails(call: Call, _: object) -> tuple[int, str, str]:
        return (400, "BadRequestException", "") if call.connection_id == "refused" else (204, "", "")

    management.behaviour = one_fails

    assert "1 closed" in run("clear_websocket_sessions")

    assert {(call.method, call.connection_id) for call in management.calls} == {
        ("DELETE", "left"),
        ("DELETE", "refused"),
    }
    assert connected() == {"refused", "just"}


def test_deletes_what_is_past_its_retention() -> None:
    """Disconnected sessions are kept for a month, in batches of any number."""
    month = timezone.now() - timedelta(days=31)
    dead = {"connected": False, "age": 32 * DAY}
    make_sessions(ANYWHERE, *[f"old{n}" for n in range(2_500)], disconnected_on=month, **dead)
    make_sessions(ANYWHERE, "recent", disconnected_on=timezone.now(), **dead)

    assert "2500 deleted" in run("clear_websocket_sessions")

    assert list(WebSocketSession.objects.values_list("connection_id", flat=True)) == ["recent"]


def test_forgets_old_broadcasts() -> None:
    """The message and the account of a sharded send are kept for a week."""
    Broadcast.objects.create(message="{}", created_on=timezone.now() - timedelta(days=8)).shards.create(session_ids=[1])
    kept = Broadcast.objects.create(message="{}")

    run("clear_websocket_sessions")

    assert list(Broadcast.objects.all()) == [kept]


@pytest.mark.parametrize("command", ["clear_websocket_sessions", "cleanup_websocket_tokens", "cleanup_rate_limits"])
def test_a_dry_run_changes_nothing(command: str) -> None:
    """It says what there is to do, and leaves every row."""
    rows = fill()

    said = run(command, dry_run=True)

    assert "1 " in said
    assert "Nothing was changed" in said
    assert count() == rows


def test_tokens_outlive_their_minute_by_an_hour() -> None:
    """Tokens that nobody can redeem any more go."""
    fill()

    assert run("cleanup_websocket_tokens") == "1 deleted.\n"

    assert [token.token_hash for token in WebSocketToken.objects.all()] == ["fresh"]


def test_the_latest_attempts_stay(settings: Any) -> None:
    """Attempts beyond the number to keep go, and rate limits that have run out."""
    settings.WEBSOCKETS = settings.WEBSOCKETS | {"REFUSAL_RETENTION": 1}
    fill()

    assert run("cleanup_rate_limits") == "1 attempts deleted, 1 expired subjects deleted.\n"

    assert ConnectionRateLimit.objects.count() == 1
    assert [subject.pk for subject in RateLimitSubject.objects.all()] == ["user:2"]


def fill() -> int:
    """One row of each kind to go, and one to stay."""
    now = timezone.now()
    make_sessions(ANYWHERE, "old", age=7_201)
    make_sessions(ANYWHERE, "young")
    user = get_user_model().objects.create_user("alice")
    WebSocketToken.objects.create(token_hash="spent", user=user, created_on=now - timedelta(hours=2))
    WebSocketToken.objects.create(token_hash="fresh", user=user)
    ConnectionRateLimit.objects.bulk_create([ConnectionRateLimit(ip_address="192.0.2.1") for _ in range(2)])
    RateLimitSubject.objects.create(subject="user:1", instants="", expires_on=now - timedelta(minutes=1))
    RateLimitSubject.objects.create(subject="user:2", instants="", expires_on=now + timedelta(minutes=1))
    return count()


def count() -> int:
    models = (WebSocketSession, WebSocketToken, ConnectionRateLimit, RateLimitSubject)
    alive = WebSocketSession.objects.filter(connected=True).count()
    return alive + sum(model._default_manager.count() for model in models)


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_two_runs_at_once() -> None:
    """Two clean-ups share the work: every row is deleted once, and neither fails."""
    if connections["default"].vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time.")
    month = timezone.now() - timedelta(days=31)
    make_sessions(ANYWHERE, *[f"old{n}" for n in range(5_000)], connected=False, disconnected_on=month, age=32 * DAY)
    together = threading.Barrier(2)
    said: list[str] = []

    def clean() -> None:
        try:
            together.wait()
            said.append(run("clear_websocket_sessions"))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=clean) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    deleted = [int(report.split(" deleted")[0].rpartition(" ")[2]) for report in said]
    assert len(deleted) == 2
    assert sum(deleted) == 5_000
