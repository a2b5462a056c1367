"""A WebSocket connection without sockets: what API Gateway would do, done in this process."""

import json
import secrets
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpResponse
from django.test import Client, TestCase
from django.urls import reverse

from gateway import wire
from gateway.conf import conf
from gateway.guards import directory
from gateway.models import ApiGateway, WebSocketSession
from gateway.testing import events
from gateway.transports import outbox
from gateway.wire import EventKind


class ConnectionRefused(AssertionError):  # noqa: N818  (named after what happened)
    """`$connect` was refused. `code` is the refusal's, `response` the whole answer."""

    def __init__(self, response: HttpResponse) -> None:
        self.response = response
        self.code: str = read(response).get("error", "")
        super().__init__(f"refused with {response.status_code} {self.code}")


class WebSocketClient:
    """One person's connection.

        client = WebSocketClient(user)
        client.connect(channel="lobby")
        assert client.send({"action": "greet", "id": 1}) == {"hello": "ann", "reply_to": 1}
        assert client.received == [{"type": "chat_message", "message": "hi"}]
        client.disconnect()

    Everything goes through the project's URLs, middleware and guards. It works in an ordinary `TestCase`: what waits for a commit
    is done when the event is over. Messages arrive when `WEBSOCKETS["TRANSPORT"]` is "memory". Without a user nobody is signed in.
    """

    def __init__(
        self, user: AbstractBaseUser | None = None, *, gateway: ApiGateway | None = None, **headers: Any
    ) -> None:
        """`headers` are arguments of `make_headers` that all events of this client share: `source_ip`, `user_agent`..."""
        directory.forget()
        self.gateway = gateway or a_gateway()
        self.browser = Client()
        self.connection_id = ""
        self._headers: dict[str, Any] = {"origin": next(iter(conf().ALLOWED_ORIGINS), None)} | headers
        self._read = 0
        if user is not None:
            self.browser.force_login(user)  # type: ignore[arg-type]

    def token(self) -> str:
        """A one-time token, as the page fetches it. Empty when nobody is signed in."""
        response: Any = self.browser.post(reverse("websocket-token"))
        return str(read(response).get("token", ""))

    def connect(self, *, channel: str = "", token: str | None = None, **headers: Any) -> HttpResponse:
        """Opens the connection, with a fresh token unless one is given. Raises `ConnectionRefused`."""
        self.connection_id = headers.pop("connection_id", None) or f"{secrets.token_urlsafe(11)}="
        self._read = len(outbox.messages)
        token = self.token() if token is None else token
        response = self.event(EventKind.CONNECT, token=token, channel=channel, **headers)
        if response.status_code != 200:
            raise ConnectionRefused(response)
        return response

    def send(self, data: Any, *, route_key: str = "", **headers: Any) -> Any:
        """Sends a message and returns the reply: a dict, or None when there is none.

        `data` is a dict, or text or bytes as they are. API Gateway calls `route_key`, by default the one that the gateway's routes
        have for the message's action.
        """
        if not route_key:
            route_key = self._route_of(data)
        response = self.event(EventKind.MESSAGE, body=data, route_key=route_key, **headers)
        return read(response) or None

    @property
    def received(self) -> list[dict[str, Any]]:
        """What was sent to this connection and not yet read here. Replies are not among it."""
        new, self._read = outbox.messages[self._read :], len(outbox.messages)
        return [sent.data for sent in new if sent.connection_id == self.connection_id]

    @property
    def session(self) -> WebSocketSession:
        """The connection's row, as it is now."""
        return WebSocketSession.objects.get(connection_id=self.connection_id)

    def disconnect(self, *, code: int = 1001, reason: str = "") -> HttpResponse:
        """Ends the connection, as a page that is left does."""
        return self.event(EventKind.DISCONNECT, disconnect_code=code, disconnect_reason=reason)

    def event(
        self,
        kind: EventKind | str,
        *,
        body: Any = None,
        token: str = "",
        channel: str = "",
        route_key: str = "",
        **headers: Any,
    ) -> HttpResponse:
        """Any event at all, and Django's answer to it."""
        kind = EventKind(kind)
        mapped = events.make_headers(
            **{"kind": kind, "route_key": route_key, "api_id": self.gateway.api_id, "connection_id": self.connection_id}
            | self._headers
            | ({} if kind is EventKind.CONNECT else {"origin": None})
            | headers
        )
        query = {
            name: value for name, value in ((wire.TOKEN_PARAMETER, token), (wire.CHANNEL_PARAMETER, channel)) if value
        }
        path = reverse("websocket", kwargs={"route": wire.slug_of(mapped[wire.ROUTE])})
        gateway_client = Client()
        return _after_commit(
            lambda: gateway_client.post(
                path,
                events.as_bytes(body),
                content_type="application/json",
                query_params=query,
                headers=mapped,
                secure=conf().BASE_URL.startswith("https"),
            )
        )

    def _route_of(self, data: Any) -> str:
        action = str(data.get("action", "")) if isinstance(data, dict) else ""
        known = bool(action) and self.gateway.additional_routes.filter(route_key=action).exists()
        return action if known else wire.DEFAULT_ROUTE_KEY


def a_gateway() -> ApiGateway:
    """The gateway that the test made, or one as `provision_gateway` would have left it."""
    found = ApiGateway.objects.exclude(api_id="").order_by("pk").first()
    return found or ApiGateway.objects.create(
        api_name="in this process",
        target_base_endpoint=f"{conf().BASE_URL}{conf().PATH}",
        api_id=events.API_ID,
        api_endpoint=f"wss://{events.DOMAIN}",
        callback_url=f"https://{events.DOMAIN}/production",
    )


def read(response: HttpResponse) -> dict[str, Any]:
    """The JSON object in an answer; empty when there is none."""
    try:
        data = json.loads(response.content or b"{}")
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _after_commit(action: Callable[[], Any]) -> HttpResponse:
    """Acts, and then does what waits for the commit: a test's transaction never commits by itself."""
    with TestCase.captureOnCommitCallbacks(execute=True):
        response: HttpResponse = action()
    return response
