"""A preflight for people who wonder why they cannot connect: browsers tell a page nothing about a refused handshake."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.views import View

from gateway import guards
from gateway.conf import conf
from gateway.events import Event
from gateway.exceptions import LoginRequired, RateLimited, Refusal
from gateway.guards import Visit
from gateway.guards.identity import connect_limit, subjects
from gateway.models import ApiGateway, WebSocketRefusal
from gateway.models.limiter import wait
from gateway.views.refusals import refuse_request
from gateway.views.token import socket_url
from gateway.views.websocket import WebSocketView


class WebSocketCheckView(View):
    """GET or POST, with the same `channel` as the socket: would a connection of this page and person be let in?

    200 with `{"ok": true, "last_refusal": ...}`, or the refusal's own status with `{"error", "message"}`. For signed-in users; for
    anyone while debugging. `last_refusal` is the person's latest one at `$connect`, which their browser could not read.
    """

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """Asks the guards that do not need a connection, without counting an attempt."""
        try:
            if not (request.user.is_authenticated or settings.DEBUG):
                raise LoginRequired
            self._check(request)
        except Refusal as refusal:
            return refuse_request(request, refusal, WebSocketRefusal.Kind.CHECK)
        answer = JsonResponse({"ok": True, "last_refusal": self._last_refusal(request)})
        answer["Cache-Control"] = "no-store"
        return answer

    def post(self, request: HttpRequest) -> HttpResponse:
        """For pages: a browser sends no Origin with a GET to its own site, and the Origin is one of the things asked."""
        return self.get(request)

    def _check(self, request: HttpRequest) -> None:
        socket_url()
        view = websocket_view()
        now = timezone.now()
        visit = Visit(request, Event(request), view, "connect", now)
        visit.gateway = ApiGateway.objects.exclude(api_id="").order_by("pk").first()
        visit.belongs_to(request.user if request.user.is_authenticated else None)
        view.prepare(visit)
        limit = connect_limit(view)
        seconds = wait(subjects(limit, None, visit.user), limit, now) if view.RATE_LIMIT_ENABLED else None
        if seconds is not None:
            raise RateLimited(retry_after=seconds)
        if visit.user is None and not view.ALLOW_ANONYMOUS:
            raise LoginRequired
        guards.run(guards.PREFLIGHT, visit)

    def _last_refusal(self, request: HttpRequest) -> dict[str, Any] | None:
        if not request.user.is_authenticated:
            return None
        found = WebSocketRefusal.objects.filter(user=request.user, kind=WebSocketRefusal.Kind.CONNECT).first()
        if found is None:
            return None
        return {"code": found.code, "id": found.correlation_id, "on": found.created_on.isoformat()}


def websocket_view() -> WebSocketView:
    """The view that answers `$connect`, as the URL configuration has it."""
    try:
        function = resolve(f"{conf().PATH}connect").func
    except Resolver404:
        return WebSocketView()
    view = getattr(function, "view_class", None)
    if view is None or not issubclass(view, WebSocketView):
        return WebSocketView()
    found: WebSocketView = view(**getattr(function, "view_initkwargs", {}))
    return found
