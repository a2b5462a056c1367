"""The view that API Gateway calls: `$connect`, every message, `$disconnect`."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.utils import timezone
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from gateway import guards, metrics, routing, signals
from gateway.events import Event, answering_connect
from gateway.exceptions import (
    ConnectionIdInvalid,
    HandlerUnknown,
    LoginEnded,
    PermissionMissing,
    Refusal,
)
from gateway.guards import Visit
from gateway.guards.channels import may_join
from gateway.limits import MAX_MESSAGE_BYTES
from gateway.models import WebSocketSession
from gateway.models.admission import end_session, open_session
from gateway.models.journal import record_attempt
from gateway.routing import Handler
from gateway.views.counting import count_event
from gateway.views.refusals import fail_event, refuse_event
from gateway.views.replies import choose_subprotocol, connected, reply
from gateway.views.sessions import ending_of, session_of
from gateway.wire import EventKind


class WebSocketView(View):
    """Answers the events of WebSocket connections. Subclass it, and declare a method for each kind of message.

    A handler takes `(self, request, *args, **kwargs)`. It finds the message in `self.body` (a dict, or what its schema made of it),
    the connection in `self.websocket_session`, the user in `request.user` and everything else API Gateway said in `self.event`. It
    returns a dict, which is the reply; None; or an `HttpResponse`. To refuse it raises a `gateway.exceptions.Refusal`.
    """

    USE_WS_TOKEN: bool = True
    """Whether connecting takes a one-time token. Off: the session cookie, which must then reach the gateway's own domain."""
    ALLOW_ANONYMOUS: bool = False
    """Whether people who are not signed in may connect, to channels that are open to everyone."""
    RATE_LIMIT_ENABLED: bool = True
    """Whether attempts to connect are limited."""
    RATE_LIMIT_MAX_ATTEMPTS: int = 20
    """Attempts to connect, of one address and of one user, in any window of `RATE_LIMIT_WINDOW_MINUTES`."""
    RATE_LIMIT_WINDOW_MINUTES: float = 1
    """The window slides: no window of this length has more."""
    ALLOWED_HANDLERS: Iterable[str] = frozenset({routing.DEFAULT})
    """Methods that clients may call, besides those with `@handler`."""
    permissions_required: str | Iterable[str] = ()
    """Any one of these is needed, to connect and for every message."""
    all_permissions_required: str | Iterable[str] = ()
    """All of these are needed."""
    MAX_BODY_SIZE: int = MAX_MESSAGE_BYTES
    """Bytes of a message. API Gateway itself carries no more than 131,072."""
    MAX_CHANNEL_NAME_LENGTH: int = 191
    """Characters; the column takes no more than 191."""
    handler_selection_key: str | None = "handler"
    """The key by which a message names its handler; None: it cannot."""
    route_selection_key: str | None = "action"
    """The key of API Gateway's route selection expression; None: only the URL's route counts."""
    aws_api_gateway_id: str = ""
    """Only events of this API are answered. Empty: of any gateway of this project."""

    handlers: ClassVar[Mapping[str, Handler]] = {}
    """What clients may call: collected once, when the class is made."""

    event: Event
    body: Any
    websocket_session: WebSocketSession

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.handlers = routing.collect(cls, cls.ALLOWED_HANDLERS, engine=WebSocketView)

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """API Gateway has no CSRF cookie: the shared secret stands for it. Refusals must be kept, so no transaction around all."""
        return csrf_exempt(transaction.non_atomic_requests(super().as_view(**initkwargs)))

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Read the event, ask the guards, call what answers it, shape the reply."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        visit = self._read(request, str(kwargs.get("route", "")))
        try:
            self._ask_guards(visit)
            return self._answer(visit, *args, **kwargs)
        except PermissionDenied as denied:
            return refuse_event(visit, PermissionMissing(str(denied)))
        except Refusal as refusal:
            return refuse_event(visit, refusal)
        except Exception as error:  # noqa: BLE001  (told to Django there, and raised again unless it was a message)
            return fail_event(visit, error)

    # --- What a project may override -------------------------------------------------------------------------------

    def can_join_channel(self, request: HttpRequest, channel_name: str) -> bool:
        """Whether `request.user` may join. By default the channel's `ChannelPermission` decides; see `docs/security.md`."""
        user = request.user if request.user.is_authenticated else None
        return may_join(user, channel_name, self._visit.known_gateway())

    def on_connect(self, session: WebSocketSession) -> None:
        """Called for every new connection, before its client knows of it. Raise a `Refusal` to turn it away.

        Nothing can be sent to the connection itself from here: API Gateway does not know it until `$connect` has been answered.
        """

    def on_disconnect(self, session: WebSocketSession) -> None:
        """Called once for every connection that has ended, when API Gateway tells us."""

    def select_subprotocol(self, offered: list[str]) -> str | None:
        """Which of the subprotocols that the client offers is spoken. A browser gives up when it is told none."""
        return choose_subprotocol(offered)

    def default(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Answers messages without a handler of their own."""
        raise HandlerUnknown("the view has no default handler")

    # --- How an event is answered ----------------------------------------------------------------------------------

    def _read(self, request: HttpRequest, route: str) -> Visit:
        visit = Visit(request, Event(request), self, route, timezone.now())
        self.prepare(visit)
        return visit

    def prepare(self, visit: Visit) -> None:
        """Lets the view's hooks see the event."""
        self.event = visit.event
        self._visit = visit

    def _ask_guards(self, visit: Visit) -> None:
        guards.run(guards.CALLER, visit)
        kind = visit.event.kind or EventKind.MESSAGE
        guards.run(guards.BY_KIND[kind], visit)

    def _answer(self, visit: Visit, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if visit.event.kind is EventKind.CONNECT:
            return self._connect(visit)
        if visit.event.kind is EventKind.DISCONNECT:
            return self._disconnect(visit)
        return self._message(visit, *args, **kwargs)

    def _connect(self, visit: Visit) -> HttpResponse:
        session = session_of(visit)
        try:
            is_new = open_session(session)
        except IntegrityError:
            visit.belongs_to(None)
            raise LoginEnded("the user or the gateway was deleted meanwhile") from None
        if not is_new:
            raise ConnectionIdInvalid("seen before")
        session.api_gateway = visit.known_gateway()
        session.user = visit.user  # type: ignore[assignment]
        self.websocket_session = session
        try:
            answer = connected(self.select_subprotocol(visit.event.subprotocols))
            self._welcome(visit, session)
        except BaseException:
            # The handshake fails, so there will be no $disconnect to end the row.
            WebSocketSession.objects.retire([session.connection_id])
            raise
        count_event(visit, "accepted")
        return answer

    def _welcome(self, visit: Visit, session: WebSocketSession) -> None:
        with answering_connect(session.connection_id):
            with _transaction():
                self.on_connect(session)
            signals.connected.send(sender=type(self), session=session)
        login_holds = record_attempt(
            ip_address=visit.event.source_ip,
            user=visit.user,
            successful=True,
            now=visit.now,
            session_key_hash=visit.session_key_hash,
        )
        if not login_holds:
            raise LoginEnded("ended while the connection was being made")

    def _message(self, visit: Visit, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.websocket_session = visit.session()
        self.body = visit.payload
        if visit.handler is None:
            return reply(visit.body, None, ping=True)
        with _transaction():
            result = getattr(self, visit.handler.name)(visit.request, *args, **kwargs)
        answer = reply(visit.body, result)
        count_event(visit, "handled")
        return answer

    def _disconnect(self, visit: Visit) -> HttpResponse:
        session = end_session(ending_of(visit))
        metrics.count("websocket_disconnects_total", code=metrics.close_code(visit.event.disconnect_code))
        if session is not None:
            session.api_gateway = visit.known_gateway()
            self.websocket_session = session
            with _transaction():
                self.on_disconnect(session)
            signals.disconnected.send(sender=type(self), session=session)
        return HttpResponse()


WebSocketView.handlers = routing.collect(WebSocketView, WebSocketView.ALLOWED_HANDLERS, engine=WebSocketView)


def _transaction() -> Any:
    """What a project's own code runs in: a transaction if it asks for one around every request, else none."""
    return transaction.atomic() if connection.settings_dict["ATOMIC_REQUESTS"] else nullcontext()
