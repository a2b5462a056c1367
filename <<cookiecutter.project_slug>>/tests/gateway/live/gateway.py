"""API Gateway and a browser in front of a running site: events and requests over HTTP."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.test import Client
from django.urls import reverse

from gateway import wire
from gateway.testing import make_headers
from gateway.wire import EventKind
from tests.gateway.live.site import Answer, Site

CSRF = "c" * 32
ORIGIN = "https://www.example.com"


@dataclass(frozen=True)
class Browser:
    """A page of the site in somebody's browser, or in that of nobody who is signed in."""

    site: Site
    user: Any = None

    @property
    def headers(self) -> dict[str, str]:
        """Cookies of session and CSRF protection, and the header that goes with the latter."""
        cookies = [f"{settings.CSRF_COOKIE_NAME}={CSRF}"]
        if self.user is not None:
            client = Client()
            client.force_login(self.user)
            cookies.append(f"{settings.SESSION_COOKIE_NAME}={client.session.session_key}")
        return {"Cookie": "; ".join(cookies), "X-CSRFToken": CSRF}

    def get(self, path: str) -> Answer:
        """A page."""
        return self.site.get(path, self.headers)

    def token(self) -> Answer:
        """The answer to the wish for a token."""
        return self.site.post(reverse("websocket-token"), self.headers)


@dataclass(frozen=True)
class Connection:
    """One connection, as API Gateway tells the site of it."""

    site: Site
    connection_id: str

    def connect(self, token: str, *, origin: str = ORIGIN) -> Answer:
        """The answer to `$connect`."""
        return self._event(EventKind.CONNECT, f"/ws/connect?{wire.TOKEN_PARAMETER}={token}", origin=origin)

    def send(self, message: Mapping[str, Any], **headers: Any) -> Answer:
        """The answer to a message."""
        return self._event(EventKind.MESSAGE, "/ws/default", json.dumps(message).encode(), **headers)

    def disconnect(self) -> Answer:
        """The answer to `$disconnect`, of a page that was left."""
        return self._event(EventKind.DISCONNECT, "/ws/disconnect", disconnect_code=1001)

    def _event(self, kind: EventKind, path: str, body: bytes = b"", **headers: Any) -> Answer:
        return self.site.post(path, make_headers(kind=kind, connection_id=self.connection_id, **headers), body)
