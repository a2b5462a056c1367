"""What a client hears when the project's own code, or its database, fails in the middle of a message."""

import logging
from typing import Any, NoReturn

import pytest
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import reverse

from gateway import metrics
from gateway.exceptions import InternalError
from gateway.testing import WebSocketClient, make_headers
from tests.gateway.views_for_tests import TestView

pytestmark = pytest.mark.django_db

FRAME = {"type": "error", "code": "internal_error", "message": InternalError.message, "reply_to": "m1"}


def _fail(*_: Any, **__: Any) -> NoReturn:
    raise OperationalError("password=tiger")


def _send(client: WebSocketClient) -> HttpResponse:
    """A message as it arrives at a server, whose clients do not get exceptions."""
    headers = make_headers(connection_id=client.connection_id, api_id=client.gateway.api_id)
    body = {"action": "ask", "id": "m1"}
    gateway = Client(raise_request_exception=False)
    return gateway.post("/ws/default", body, content_type="application/json", headers=headers)


@pytest.fixture
def failing_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TestView, "ask", _fail)


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.usefixtures("failing_handler")
def test_the_client_gets_an_error_frame(client: WebSocketClient, debug: bool) -> None:
    """Not Django's page, which would reach it as a message: with the id of its own, and without what went wrong."""
    with override_settings(DEBUG=debug):
        answer = _send(client)

    assert (answer.status_code, answer.json()) == (500, FRAME)


@pytest.mark.usefixtures("failing_handler")
def test_django_tells_of_it(client: WebSocketClient, caplog: pytest.LogCaptureFixture) -> None:
    """As of any request that failed: with the traceback, and the request for the mail to the admins."""
    with caplog.at_level(logging.ERROR, "django.request"):
        _send(client)

    told = next(record for record in caplog.records if record.exc_info)
    assert told.exc_info is not None
    assert (told.exc_info[0], told.__dict__["status_code"]) == (OperationalError, 500)


@pytest.mark.usefixtures("failing_handler")
def test_the_test_client_raises_it(client: WebSocketClient) -> None:
    """A project's own tests see the exception itself."""
    with pytest.raises(OperationalError):
        client.send({"action": "ask"})


def test_a_database_that_fails_before_the_handler_is_counted(client: WebSocketClient) -> None:
    """No handler has been picked by then."""
    metrics.registry.drain()

    with connection.execute_wrapper(_fail):
        answer = _send(client)

    assert answer.json()["code"] == "internal_error"
    assert metrics.registry.drain()[metrics.series("websocket_messages_total", handler="", code="internal_error")] == 1


def test_metrics_say_that_the_database_is_away(settings: Any) -> None:
    """503, for whoever scrapes, instead of a page about an error."""
    settings.WEBSOCKETS = {**settings.WEBSOCKETS, "METRICS_TOKEN": "t" * 40}

    with connection.execute_wrapper(_fail):
        answer = Client().get(reverse("metrics"), headers={"Authorization": f"Bearer {'t' * 40}"})

    assert (answer.status_code, answer.content) == (503, b"The database does not answer\n")
