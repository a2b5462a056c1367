"""No secret, token or session key appears in a log, a page, a record or an error page."""

import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core import serializers
from django.core.management import call_command
from django.test import Client

from config.logs import WithoutQueryString
from gateway import models
from gateway.conf import conf
from gateway.testing import WebSocketClient
from gateway.wire import EventKind
from tests.gateway.live.site import running_site
from tests.gateway.views_for_tests import TestView

pytestmark = pytest.mark.django_db

LISTS = ("websocketsession", "websockettoken", "connectionratelimit", "websocketrefusal", "channelpermission")


class Output:
    """Everything that anybody could read afterwards."""

    def __init__(self, log: io.StringIO) -> None:
        self._log = log
        self._pages: list[str] = []

    def add(self, text: str | bytes) -> None:
        self._pages.append(text.decode(errors="replace") if isinstance(text, bytes) else text)

    def text(self) -> str:
        return self._log.getvalue() + "".join(self._pages)


@pytest.fixture
def output() -> Iterator[Output]:
    """A log that keeps every line of every logger but the database's, with our own filter."""
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    handler.addFilter(WithoutQueryString())
    handler.addFilter(lambda record: not record.name.startswith("django.db"))
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield Output(log)
    root.removeHandler(handler)
    root.setLevel(level)


def everything(output: Output, tokens: list[str], ann: Any, monkeypatch: pytest.MonkeyPatch) -> WebSocketClient:
    """Connects, is refused, fails in every hook, and looks at what is left."""
    client = WebSocketClient(ann)

    def connect(**options: Any) -> None:
        tokens.append(client.token())
        response = client.event(EventKind.CONNECT, token=tokens[-1], **options)
        output.add(response.content + str(response.headers).encode())

    connect(connection_id="live=")
    client.connection_id = "live="
    connect(connection_id="a=", origin="https://evil.example.net")
    connect(connection_id="b=", channel="closed")
    connect(connection_id="c=", secret="wrong" * 9)
    output.add(client.event(EventKind.CONNECT, token=tokens[0], connection_id="d=").content)
    output.add(str(client.send({"handler": tokens[0][:0] or "x"})))
    tokens.append(client.token())
    output.add(client.browser.get("/api/ws-check/", headers={"Origin": "https://www.example.com"}).content)

    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("a fault of the project's own")

    monkeypatch.setattr(TestView, "on_connect", fail)
    monkeypatch.setattr(TestView, "default", fail)
    for response, shown in zip(faults(client, tokens), (b"ZeroDivisionError", b"internal_error"), strict=True):
        assert response.status_code == 500
        assert shown in response.content
        output.add(response.content)
    return client


def faults(client: WebSocketClient, tokens: list[str]) -> list[Any]:
    """The debug page of a hook that fails, and the frame of a handler that does."""
    from gateway.testing import make_headers

    browser = Client(raise_request_exception=False)
    key = client.browser.session.session_key
    tokens.append(client.token())
    connecting = make_headers(kind=EventKind.CONNECT, connection_id="e=", origin="https://www.example.com")
    connecting["Cookie"] = f"sessionid={key}"
    return [
        browser.post(f"/ws/connect?ws_token={tokens[-1]}", headers=connecting),
        browser.post(
            "/ws/default", b"{}", content_type="application/json", headers=make_headers(connection_id="live=")
        ),
    ]


def look(output: Output) -> None:
    """Every page of the admin, every record, and what the commands say."""
    browser = Client()
    browser.force_login(get_user_model().objects.create_superuser("root", password="x"))
    for name in LISTS:
        output.add(browser.get(f"/admin/gateway/{name}/").content)
        model = {model._meta.model_name: model for model in vars(models).values() if hasattr(model, "_meta")}[name]
        for row in model.objects.all():
            output.add(browser.get(f"/admin/gateway/{name}/{row.pk}/change/").content)
            output.add(serializers.serialize("json", [row]))
    for refusal in models.WebSocketRefusal.objects.all():
        told = io.StringIO()
        call_command("explain_refusal", refusal.correlation_id, stdout=told)
        output.add(told.getvalue())


def test_nothing_secret_is_told(output: Output, ann: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is done that can be done, and everything is read that can be read."""
    settings.DEBUG = True
    tokens: list[str] = []
    client = everything(output, tokens, ann, monkeypatch)
    look(output)

    text = output.text()
    assert len(text) > 50_000
    assert "channel_forbidden" in text
    for secret in (*conf().SECRETS, *filter(None, tokens), client.browser.session.session_key):
        assert secret not in text


def test_the_access_log(tmp_path: Any) -> None:
    """gunicorn, with the configuration that we ship, logs the path of a request and not its query."""
    log = tmp_path / "access.log"

    with running_site(workers=1, threads=1, log=log) as site:
        site.post(
            "/ws/connect?ws_token=very-secret-token", {"Referer": "https://www.example.com/?ws_token=very-secret-token"}
        )

    assert "/ws/connect" in log.read_text()
    assert "very-secret-token" not in log.read_text()
