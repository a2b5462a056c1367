"""Whatever is sent: no fault, no traceback, and no row that should not be there."""

import json
import os
import secrets
import sys
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import got_request_exception, request_finished, request_started
from django.db import close_old_connections, connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.events import hash_of
from gateway.exceptions import BodyNotJson
from gateway.guards.messages import read_object
from gateway.models import WebSocketSession, WebSocketToken
from gateway.testing import WebSocketClient
from gateway.wire import EventKind
from tests.gateway.fuzz.requests import MUTATIONS, Environ, good
from tests.gateway.views_for_tests import TestView

pytestmark = pytest.mark.django_db


class Application:
    """The WSGI application, and a connection for messages to come from."""

    def __init__(self, user: Any, client: WebSocketClient) -> None:
        self.handler = WSGIHandler()
        self.user = user
        self.key_hash = hash_of(client.browser.session.session_key)
        self.faults: list[Any] = []

    def token(self) -> str:
        text = secrets.token_urlsafe(16)
        WebSocketToken.objects.create(
            token_hash=hash_of(text),
            user=self.user,
            session_key_hash=self.key_hash,
            auth_hash=self.user.get_session_auth_hash(),
        )
        return text

    def call(self, environ: Environ) -> tuple[int, bytes]:
        started: list[str] = []
        response = self.handler(environ, lambda status, headers: started.append(status))
        body = b"".join(response)
        response.close()
        return int(started[0][:3]), body


@pytest.fixture
def application(ann: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    settings.WEBSOCKETS = settings.WEBSOCKETS | {"MESSAGE_RATE": 0, "REFUSAL_RETENTION": 1_000, "CACHE_SECONDS": 30}
    settings.DEBUG = False
    settings.LOGGING_CONFIG = None
    monkeypatch.setattr(TestView, "RATE_LIMIT_ENABLED", False)
    client = WebSocketClient(ann, user_agent="Mozilla/5.0 (tests)")
    client.connect(connection_id="live=")
    application = Application(ann, client)

    def note(**_: Any) -> None:
        application.faults.append(sys.exc_info()[1])

    # As Django's test client does: the connection is the test's, and inside its transaction.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    got_request_exception.connect(note)
    yield application
    got_request_exception.disconnect(note)
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def live() -> set[str]:
    return set(WebSocketSession.objects.filter(connected=True).values_list("connection_id", flat=True))


def send_malformed(application: Application, random: Random) -> None:
    """One request with one to three things wrong, and what must be true of its answer."""
    kind = random.choice([EventKind.CONNECT, EventKind.MESSAGE, EventKind.MESSAGE, EventKind.DISCONNECT])
    token = application.token() if kind is EventKind.CONNECT else ""
    connection_id = "live=" if kind is EventKind.MESSAGE else f"{random.getrandbits(64):x}="
    environ = good(random, kind, connection_id, token)
    for mutate in random.choices(MUTATIONS, k=random.randint(1, 3)):
        mutate(random, environ)
    before = live()

    status, body = application.call(environ)

    assert not application.faults, (application.faults, environ)
    assert status < 500, (status, environ)
    assert not 300 <= status < 400, (status, environ)
    assert b"Traceback" not in body
    opened, ended = live() - before, before - live()
    says = environ.get("HTTP_X_GATEWAY_EVENT")
    assert not opened or (len(opened) == 1 and status == 200 and says == "CONNECT"), (opened, environ)
    assert not ended or (ended == {environ["HTTP_X_GATEWAY_CONNECTION_ID"]} and says == "DISCONNECT"), (ended, environ)
    if ended:
        WebSocketSession.objects.filter(connection_id="live=").update(connected=True, disconnect_seen=False)
    WebSocketSession.objects.exclude(connection_id="live=").delete()
    if token:
        WebSocketToken.objects.filter(token_hash=hash_of(token)).delete()


def seed() -> int:
    """Another one each time; FUZZ_SEED repeats a run."""
    return int(os.environ.get("FUZZ_SEED", "0")) or secrets.randbits(32)


@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.slow) for part in range(1, 11))])
def test_malformed_requests(application: Application, part: int) -> None:
    """Thousands of good requests with a few things wrong; fewer on PostgreSQL, where each takes three times as long."""
    cases = 9_000 if connection.vendor == "sqlite" else 2_000
    number = seed()
    print(f"part {part}, FUZZ_SEED={number}")  # noqa: T201  (pytest shows it when the test fails)
    random = Random(number + part)

    for _ in range(cases):
        send_malformed(application, random)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(
    max_examples=1_000,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    st.dictionaries(st.sampled_from(["action", "handler", "id", "text", "stars", "on", "type"]), JSON, max_size=5)
    | JSON
)
@example({"id": "\ud800"})
@example({"handler": "note_form", "on": {"a": 1}, "text": "x"})
def test_any_json(application: Application, body: Any) -> None:
    """Any message that JSON can spell is answered with 200 and a frame, or with nothing."""
    environ = good(Random(0), EventKind.MESSAGE, "live=", "")
    raw = json.dumps(body).encode()
    environ["wsgi.input"].write(raw)
    environ["wsgi.input"].seek(0)
    environ["CONTENT_LENGTH"] = str(len(raw))

    status, answer = application.call(environ)

    assert not application.faults, application.faults
    assert status == 200
    assert not answer or answer == b"as it is" or json.loads(answer)


@settings(max_examples=1_000, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes(raw: bytes) -> None:
    """A body is an object or refused, and an object can always be written down again."""
    try:
        value = read_object(raw)
    except BodyNotJson:
        return

    assert isinstance(value, dict)
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
