"""The demo page: what a colleague is shown first."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie

from gateway.conf import conf
from gateway.models import ApiGateway
from realtime.views import RealtimeView

LOCAL_NAMES = {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}


@never_cache
@ensure_csrf_cookie
def page(request: HttpRequest) -> HttpResponse:
    """The chat for whoever is signed in, and for everybody else what this is. `?channel=NAME` picks another channel."""
    gateway = ApiGateway.objects.order_by("pk").first()
    context: dict[str, Any] = {"title": settings.SITE_NAME}
    if not request.user.is_authenticated:
        return render(
            request, "realtime/welcome.html", context | _demo_accounts(request) | {"next": request.get_full_path()}
        )
    routes = sorted(RealtimeView.handlers)
    default_channel = gateway.default_channel_name if gateway else ""
    context |= {
        "channel": request.GET.get("channel", "") or default_channel,
        "default_channel": default_channel,
        "routes": routes,
        "send_action": "chat_message" if "chat_message" in routes else "",
        "has_history": "fetch_history" in routes,
    }
    return render(request, "realtime/page.html", context | _demo_accounts(request))


def _demo_accounts(request: HttpRequest) -> dict[str, Any]:
    """While debugging: the accounts that `manage.py dev` makes, the address under which to be the other one, and the inspector's.

    `127.0.0.1` and `localhost` keep separate cookies, so one browser can be signed in as both.
    """
    if not settings.DEBUG:
        return {}
    emulator = conf().APIGATEWAYV2_ENDPOINT
    name, _, port = request.get_host().partition(":")
    other = LOCAL_NAMES.get(name)
    place = f"{other}:{port}" if port else other
    return {
        "demo": True,
        "other_address": f"{request.scheme}://{place}/" if other else "",
        "inspector": f"{emulator}/_emulator/" if emulator else "",
    }
