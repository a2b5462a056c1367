"""What the guards of one event share: the event, the view's policy, and what has been found out so far."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Any, ClassVar, Protocol

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import HttpRequest

from gateway.events import Event
from gateway.models import ApiGateway, WebSocketSession
from gateway.models.admission import FoundToken
from gateway.models.arrival import Arrival
from gateway.routing import Handler


class Policy(Protocol):
    """What a view lays down for its events; `WebSocketView` says what each means."""

    USE_WS_TOKEN: bool
    ALLOW_ANONYMOUS: bool
    RATE_LIMIT_ENABLED: bool
    RATE_LIMIT_MAX_ATTEMPTS: int
    RATE_LIMIT_WINDOW_MINUTES: float
    MAX_BODY_SIZE: int
    MAX_CHANNEL_NAME_LENGTH: int
    permissions_required: str | Iterable[str]
    all_permissions_required: str | Iterable[str]
    handler_selection_key: str | None
    route_selection_key: str | None
    aws_api_gateway_id: str
    handlers: ClassVar[Mapping[str, Handler]]

    def can_join_channel(self, request: HttpRequest, channel_name: str) -> bool: ...


@dataclass(slots=True)
class Visit:
    """One event on its way past the guards. Each guard may rely on what those before it have set."""

    request: HttpRequest
    event: Event
    policy: Policy
    route: str
    """The end of the URL."""
    now: datetime
    started: float = field(default_factory=perf_counter)
    """When it arrived, on the clock that only measures."""

    gateway: ApiGateway | None = None
    user: AbstractBaseUser | None = None
    session_key_hash: str = ""
    token: FoundToken | None = None
    """The token shown at `$connect`, if it can be redeemed."""
    channel_name: str = ""
    requirement: list[list[list[str]]] = field(default_factory=list)

    body: dict[str, Any] = field(default_factory=dict)
    arrival: Arrival | None = None
    handler: Handler | None = None
    """None for a ping, which the view answers itself."""
    payload: Any = None

    def known_gateway(self) -> ApiGateway:
        """The gateway that `KnownApi` found."""
        if self.gateway is None:
            raise RuntimeError("Ask for the gateway only after the guard KnownApi.")
        return self.gateway

    def session(self) -> WebSocketSession:
        """The session that `LiveSession` found."""
        if self.arrival is None:
            raise RuntimeError("Ask for the session only after the guard LiveSession.")
        return self.arrival.session

    def belongs_to(self, user: AbstractBaseUser | None) -> None:
        """From here on the event is this user's, for the guards and for the view's hooks."""
        self.user = user
        self.request.user = user or AnonymousUser()  # type: ignore[assignment]


class Guard(Protocol):
    """One check. Raises a `Refusal`, or returns."""

    def __call__(self, visit: Visit, /) -> None: ...
