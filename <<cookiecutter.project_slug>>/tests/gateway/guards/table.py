"""The table of refusals: what a row is, and the world it happens in. The rows are in `strangers`, `connects` and `messages`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.http import HttpResponse

from gateway.testing import WebSocketClient
from gateway.wire import EventKind
from tests.gateway.views_for_tests import TestView


@dataclass
class World:
    """A person with a browser, whose connection is open when the row is about messages."""

    client: WebSocketClient
    user: Any
    settings: Any
    monkeypatch: pytest.MonkeyPatch

    def change(self, **websockets: Any) -> None:
        self.settings.WEBSOCKETS = self.settings.WEBSOCKETS | websockets

    def view(self, **attributes: Any) -> None:
        for name, value in attributes.items():
            self.monkeypatch.setattr(TestView, name, value)

    def connect(self, *, token: str | None = None, connection_id: str | None = "new=", **headers: Any) -> HttpResponse:
        token = self.client.token() if token is None else token
        return self.client.event(EventKind.CONNECT, token=token, connection_id=connection_id, **headers)

    def send(self, body: Any, **headers: Any) -> HttpResponse:
        return self.client.event(EventKind.MESSAGE, body=body, **headers)


@dataclass
class Row:
    """A way to be refused."""

    code: str
    what: str
    event: Callable[[World], HttpResponse]
    connected: bool = False

    def __str__(self) -> str:
        return f"{self.code}: {self.what}".replace(" ", "-")


ROWS: list[Row] = []


def row(code: str, what: str, **options: Any) -> Callable[[Callable[[World], HttpResponse]], None]:
    def add(event: Callable[[World], HttpResponse]) -> None:
        ROWS.append(Row(code, what, event, **options))

    return add
