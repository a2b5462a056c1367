"""Where a page fetches the one-time token with which it opens its socket."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.views import View

from gateway import metrics
from gateway.conf import conf
from gateway.events import hash_of
from gateway.exceptions import GatewayMissing, LoginRequired, RateLimited, Refusal
from gateway.models import ApiGateway, WebSocketRefusal, WebSocketToken
from gateway.models.journal import record_token
from gateway.models.limiter import Limit, admit
from gateway.views.refusals import refuse_request

_WINDOW: Final = timedelta(minutes=1)
_TOKEN_BYTES: Final = 32


class WebSocketTokenView(View):
    """POST answers `{"token", "expires_in", "url"}`: a token of this login, its lifetime in seconds, and where to open the socket.

    Django's CSRF protection applies. Refusals: `login_required`, `rate_limited` (with `Retry-After`), `gateway_missing`.
    """

    http_method_names = ["post"]

    aws_api_gateway_id: str = ""
    """The gateway whose address is given. Empty: the project's first one that exists on AWS."""

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """Refusals must be kept, so no transaction around all."""
        return transaction.non_atomic_requests(super().as_view(**initkwargs))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Issues a token."""
        try:
            return self._issue(request)
        except Refusal as refusal:
            return refuse_request(request, refusal, WebSocketRefusal.Kind.TOKEN)

    def _issue(self, request: HttpRequest) -> HttpResponse:
        user, session_key = request.user, request.session.session_key
        if not user.is_authenticated or not session_key:
            raise LoginRequired
        now, settings = timezone.now(), conf()
        url = socket_url(self.aws_api_gateway_id)
        limit = Limit("token", settings.TOKEN_LIMIT, _WINDOW)
        seconds = admit([limit.subject("user", user.pk)], limit, now)
        if seconds is not None:
            raise RateLimited(retry_after=max(1, seconds))
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        record_token(
            WebSocketToken(
                token_hash=hash_of(token),
                user=user,
                session_key_hash=hash_of(session_key),
                auth_hash=user.get_session_auth_hash(),
                created_on=now,
            )
        )
        metrics.count("websocket_tokens_total", code="issued")
        answer = JsonResponse({"token": token, "expires_in": settings.TOKEN_LIFETIME, "url": url})
        answer["Cache-Control"] = "no-store"
        return answer


def socket_url(api_id: str = "") -> str:
    """The address of the project's gateway, without a token. Raises `GatewayMissing` while there is none."""
    provisioned = ApiGateway.objects.exclude(api_id="").order_by("pk")
    gateway = provisioned.filter(api_id=api_id).first() if api_id else provisioned.first()
    if gateway is None or not gateway.socket_url:
        raise GatewayMissing
    return gateway.socket_url
