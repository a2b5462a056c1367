"""One row for each way to be refused: its code and status, its log line, and what must not have been written."""

from typing import Any

import pytest
from django.http import HttpResponse

from config.logs import PlainFormatter
from gateway.exceptions import StrangerRefusal, refusals
from gateway.models import ConnectionRateLimit, RateLimitSubject, WebSocketRefusal, WebSocketSession
from gateway.testing import WebSocketClient, outbox
from tests.gateway.guards import connects, messages, strangers  # noqa: F401  (they fill the table)
from tests.gateway.guards.table import ROWS, Row, World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(ann: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(WebSocketClient(ann), ann, settings, monkeypatch)


def traces() -> int:
    """Rows that an event past the API id leaves."""
    subjects = RateLimitSubject.objects.filter(subject__startswith="connect:")
    return WebSocketRefusal.objects.count() + ConnectionRateLimit.objects.count() + subjects.count()


@pytest.mark.parametrize("case", ROWS, ids=str)
def test_refusal(case: Row, world: World, caplog: pytest.LogCaptureFixture) -> None:
    """It is answered with its code and status, logged on one line, recorded once, and leaves nothing else."""
    if case.connected:
        world.client.connect()
    live_before = WebSocketSession.objects.filter(connected=True).count()

    caplog.clear()
    response = case.event(world)

    kind = refusals()[case.code]
    lines = [record for record in caplog.records if record.name == "gateway.refusals"]
    assert vars(lines[-1])["refusal_code"] == case.code
    assert len(PlainFormatter().format(lines[-1]).splitlines()) == 1
    assert WebSocketSession.objects.filter(connected=True).count() <= live_before + 1
    assert not WebSocketSession.objects.filter(connection_id="new=").exists()
    assert not outbox.messages or case.code in {"login_ended", "message_rate_limited"}
    if issubclass(kind, StrangerRefusal):
        assert response.status_code == kind.status
        assert response.content == b""
        assert traces() == 0
        return
    _is_recorded(case, response)
    if response.status_code == 200:
        assert case.connected or case.code == "session_unknown"
        assert response.json() | {"errors": None} == {
            "type": "error",
            "code": case.code,
            "message": kind.message,
            "reply_to": None,
            "errors": None,
        }
    else:
        assert response.status_code == kind.status
        assert response.json() == {"error": case.code, "message": kind.message}
        assert ConnectionRateLimit.objects.first().successful is False


def _is_recorded(case: Row, response: HttpResponse) -> None:
    newest = WebSocketRefusal.objects.first()
    assert newest.code == case.code
    assert newest.correlation_id == response["X-Refusal-Id"]


def test_every_code_has_a_row() -> None:
    """No refusal is without a test. Those of requests that are no events, and failures, have theirs in `tests/gateway/views`."""
    elsewhere = {"refused", "gateway_missing", "internal_error"}

    assert {case.code for case in ROWS} == set(refusals()) - elsewhere
