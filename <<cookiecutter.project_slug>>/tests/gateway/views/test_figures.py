"""What is counted of an event, and what of strangers."""

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.utils.functional import lazy

from gateway import metrics
from gateway.testing import WebSocketClient
from gateway.wire import EventKind
from tests.gateway.views_for_tests import TestView

pytestmark = pytest.mark.django_db

SECONDS, LONGEST = 0.05, 30.0


@pytest.fixture(autouse=True)
def _nothing_counted_yet() -> Iterator[None]:
    metrics.registry.drain()
    yield
    metrics.registry.drain()


def seconds_of(handler: str) -> float:
    """How long the messages of a handler have taken together. Ends what was counted."""
    return metrics.registry.drain()[metrics.series("websocket_message_seconds_sum", handler=handler)]


def slow_database(execute: Callable[..., Any], *call: Any) -> Any:
    """A statement that takes its time."""
    time.sleep(SECONDS)
    return execute(*call)


def test_the_guards_take_time(client: WebSocketClient) -> None:
    """A message waits for the statement that finds its session, before any handler is called."""
    metrics.registry.drain()
    with connection.execute_wrapper(slow_database):
        client.send({"action": "note", "text": "hi"})

    assert SECONDS <= seconds_of("note") < LONGEST


def test_the_reply_takes_time(client: WebSocketClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the handler returned is not yet an answer."""

    def late() -> str:
        time.sleep(SECONDS)
        return "late"

    monkeypatch.setattr(TestView, "default", lambda *_, **__: {"type": "echo", "text": lazy(late, str)()})
    metrics.registry.drain()

    assert client.send({"a": 1}) == {"type": "echo", "text": "late"}
    assert SECONDS <= seconds_of("default") < LONGEST


@pytest.mark.parametrize(
    ("message", "handler", "code"),
    [
        ({"handler": "made_up"}, "", "handler_unknown"),
        ("no JSON", "", "body_not_json"),
        ({"action": "inspect"}, "inspect", "permission_denied"),
        ({"action": "made up"}, "default", "handled"),
    ],
)
def test_every_message_is_timed(client: WebSocketClient, message: Any, handler: str, code: str) -> None:
    """Refused or not, once, and under the name of a handler that there is: clients make up no series."""
    metrics.registry.drain()

    client.send(message)

    counted = {name: value for name, value in metrics.registry.drain().items() if re.search("_(total|count){", name)}
    assert counted == {
        metrics.series("websocket_messages_total", handler=handler, code=code): 1,
        metrics.series("websocket_message_seconds_count", handler=handler): 1,
    }


def test_a_ping_is_no_message(client: WebSocketClient) -> None:
    """Every idle page sends them, and no handler answers."""
    metrics.registry.drain()

    client.send({"type": "ping"})

    assert metrics.registry.drain() == {}


@pytest.mark.parametrize("kind", EventKind)
def test_a_stranger_makes_no_attempt_and_sends_no_message(client: WebSocketClient, kind: EventKind) -> None:
    """Whatever event it claims: it counts as a stranger, and as nothing else."""
    metrics.registry.drain()

    client.event(kind, secret="wrong")

    assert metrics.registry.drain() == {metrics.series("websocket_strangers_total", code="secret_wrong", kind=kind): 1}


def test_a_stranger_that_claims_nothing(client: WebSocketClient) -> None:
    """A scanner, which knows no header of ours."""
    metrics.registry.drain()

    client.browser.post("/ws/connect", secure=True)

    assert metrics.registry.drain() == {'websocket_strangers_total{code="secret_wrong",kind="none"}': 1}


def test_a_stranger_can_be_looked_up(client: WebSocketClient, caplog: pytest.LogCaptureFixture) -> None:
    """By the ids that it claims: a gateway with an old secret leaves its own in API Gateway's log."""
    client.event(EventKind.MESSAGE, secret="wrong", extra={"X-Gateway-Request-Id": "asked\x00="})

    (record,) = (record for record in caplog.records if record.name == "gateway.refusals")
    facts = vars(record)
    assert (facts["connection_id"], facts["request_id"]) == (client.connection_id, "asked=")
    assert facts["kind"] == "MESSAGE"
