"""Closing on purpose, from a queryset to the wire."""

import json

import pytest
from django.db import transaction

from gateway import metrics
from gateway.messaging import closing, loop
from gateway.models import WebSocketSession
from gateway.testing.outbox import outbox
from tests.gateway.messaging import behaviours
from tests.gateway.messaging.conftest import make_sessions
from tests.gateway.messaging.server import THROTTLED, Call, ManagementServer, accept


@pytest.mark.django_db
def test_says_why_and_closes(management: ManagementServer, engine: str) -> None:
    """A connection gets its last frame first and is deleted after it."""
    make_sessions(management.url, "abc=")

    assert WebSocketSession.objects.all().close("login_ended") == 1
    management.wait_for(lambda calls: len(calls) == 2)

    first, second = management.calls
    assert (first.method, second.method) == ("POST", "DELETE")
    assert json.loads(first.body) == {"type": "closing", "code": "login_ended", "reconnect": False}


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_errors_are_counted(management: ManagementServer, engine: str, method: str) -> None:
    """Throttled while a connection is closed, at its last frame or at its end: the figures know, and the repetition is none."""
    make_sessions(management.url, "abc=")
    answered: list[Call] = []

    async def throttled_once(call: Call, writer: object) -> tuple[int, str, str] | None:
        if call.method == method and not answered:
            answered.append(call)
            return THROTTLED
        return await accept(call, writer)  # type: ignore[arg-type]

    management.behaviour = throttled_once
    metrics.registry.drain()
    WebSocketSession.objects.all().close("login_ended")
    management.wait_for(lambda calls: len(calls) == 3)
    loop.close()
    closing._finish()

    assert metrics.registry.drain() == {'websocket_management_errors_total{status="429"}': 1}


@pytest.mark.django_db
def test_marks_in_the_database() -> None:
    """A closing session is marked with time and code, and is no longer sent to."""
    (session,) = make_sessions("https://nowhere.example/production", "abc=")

    WebSocketSession.objects.all().close("login_ended")

    session.refresh_from_db()
    assert session.closing_on is not None
    assert session.closing_code == "login_ended"
    assert not WebSocketSession.objects.deliverable().exists()


@pytest.mark.django_db
def test_closes_only_once() -> None:
    """A session that is closing already is left alone."""
    make_sessions("https://nowhere.example/production", "abc=")

    WebSocketSession.objects.all().close("login_ended")

    assert WebSocketSession.objects.all().close("abuse") == 0
    assert outbox.closed == ["abc="]


@pytest.mark.django_db(transaction=True)
def test_waits_for_the_commit() -> None:
    """Nothing is said or closed before the transaction commits."""
    make_sessions("https://nowhere.example/production", "abc=")

    with transaction.atomic():
        WebSocketSession.objects.all().close("login_ended")
        assert (outbox.messages, outbox.closed) == ([], [])

    assert outbox.closed == ["abc="]


@pytest.mark.django_db(transaction=True)
def test_a_rollback_closes_nothing() -> None:
    """A transaction that rolls back leaves the socket and its row alone."""
    (session,) = make_sessions("https://nowhere.example/production", "abc=")

    with transaction.atomic():
        WebSocketSession.objects.all().close("login_ended")
        transaction.set_rollback(True)

    session.refresh_from_db()
    assert session.closing_on is None
    assert outbox.closed == []


@pytest.mark.django_db
@pytest.mark.usefixtures("aiohttp_engine")
def test_tries_again(management: ManagementServer) -> None:
    """A DELETE that fails is repeated until it is carried out."""
    make_sessions(management.url, "abc=")
    failures = iter([True, True])

    async def stubborn(call: Call, writer: object) -> tuple[int, str, str] | None:
        if call.method == "DELETE" and next(failures, False):
            return 500, "", ""
        return await accept(call, writer)  # type: ignore[arg-type]

    management.behaviour = stubborn
    WebSocketSession.objects.all().close("login_ended")
    management.wait_for(lambda calls: [call.method for call in calls].count("DELETE") == 3)

    assert [call.method for call in management.calls] == ["POST", "DELETE", "DELETE", "DELETE"]


@pytest.mark.django_db
@pytest.mark.usefixtures("aiohttp_engine")
def test_is_finished_before_the_loop_ends(management: ManagementServer) -> None:
    """What is being closed when the process ends is closed before it has ended."""
    make_sessions(management.url, *[f"id{n}" for n in range(300)])

    WebSocketSession.objects.all().close("login_ended")
    loop.close()

    assert [call.method for call in management.calls].count("DELETE") == 300


@pytest.mark.django_db
def test_is_not_said_for_each(management: ManagementServer, engine: str, caplog: pytest.LogCaptureFixture) -> None:
    """A refusal of all is said once for the frames, once for the ends, and what is left is counted in one line."""
    make_sessions(management.url, *[f"id{n:03}" for n in range(300)])
    management.behaviour = behaviours.always((403, "ForbiddenException", ""))

    WebSocketSession.objects.all().close("login_ended")
    loop.close()
    closing._finish()

    assert sorted(record.levelname for record in caplog.records) == ["ERROR", "ERROR", "WARNING"]
    assert "300 connections could not be closed now" in caplog.text
