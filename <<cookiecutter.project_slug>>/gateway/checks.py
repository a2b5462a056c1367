"""What `manage.py check` says about a project before its users find out.

Mistakes that break a project everywhere are always reported; what matters only in production, with `--deploy`.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from django.conf import settings
from django.core import checks
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve

from gateway import routing
from gateway.conf import conf
from gateway.models.logins import session_model
from gateway.views import WebSocketView

MIN_SECRET_LENGTH: Final = 32
MIN_SECRET_CHARACTERS: Final = 8

Messages = Iterator[checks.CheckMessage]


@checks.register
def check_urls(**_: Any) -> list[checks.CheckMessage]:
    """Where events arrive is a WebSocket view, and no redirect stands before it: API Gateway follows none."""
    return list(_urls())


def _urls() -> Messages:
    path = f"{conf().PATH}connect"
    try:
        resolve(path)
    except Resolver404:
        slashed = _resolves(path + "/") and settings.APPEND_SLASH
        why = "APPEND_SLASH would answer with a redirect, which API Gateway does not follow. " if slashed else ""
        yield checks.Error(
            f"{path} is no URL of this project.",
            hint=f'{why}Add path("{conf().PATH.lstrip("/")}<slug:route>", YourView.as_view(), name="websocket").',
            id="gateway.E001",
        )


def _resolves(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


@checks.register
def check_handlers(**_: Any) -> list[checks.CheckMessage]:
    """Every name in `ALLOWED_HANDLERS`, and every method with `@handler`, may be a handler."""
    return [message for view in websocket_views() for message in _handlers(view)]


def _handlers(view: type[WebSocketView]) -> Messages:
    for name in sorted({*view.ALLOWED_HANDLERS, *routing.marked(view)}):
        if not routing.may_be_handler(name, WebSocketView):
            yield checks.Error(
                f"{view.__name__} declares the handler {name!r}, a name that belongs to the engine: clients never reach it.",
                hint="Give the handler another name.",
                id="gateway.E002",
            )
        elif not callable(getattr(view, name, None)):
            yield checks.Error(
                f"{view.__name__}.ALLOWED_HANDLERS names {name!r}, but there is no such method.",
                hint="Write the method, or take the name out.",
                id="gateway.E003",
            )


@checks.register(checks.Tags.security, deploy=True)
def check_secrets(**_: Any) -> list[checks.CheckMessage]:
    """The shared secret is there and cannot be guessed."""
    secrets = conf().SECRETS
    if not secrets:
        hint = "Set WEBSOCKET_SECRETS to a long random value; `make install` generates one. Until then every event is refused."
        return [checks.Error("There is no shared secret for API Gateway.", hint=hint, id="gateway.E010")]
    weak = [place for place, secret in enumerate(secrets, 1) if is_weak(secret)]
    return [
        checks.Error(
            f"Shared secret number {place} is weak: it needs at least {MIN_SECRET_LENGTH} random characters.",
            hint="Put a generated value first in WEBSOCKET_SECRETS, provision, then drop the old one.",
            id="gateway.E011",
        )
        for place in weak
    ]


def is_weak(secret: str) -> bool:
    """Whether a secret is short, or long but monotonous."""
    return len(secret) < MIN_SECRET_LENGTH or len(set(secret)) < MIN_SECRET_CHARACTERS


@checks.register(checks.Tags.security, deploy=True)
def check_open_doors(**_: Any) -> list[checks.CheckMessage]:
    """Settings that let in more people than the defaults do."""
    return list(_open_doors())


def _open_doors() -> Messages:
    if conf().ALLOW_UNLISTED_CHANNELS:
        yield checks.Warning(
            "Signed-in users may join any channel that no ChannelPermission names.",
            hint="Set ALLOW_UNLISTED_CHANNELS to False and list the channels, or override can_join_channel.",
            id="gateway.W012",
        )
    if not conf().ALLOWED_ORIGINS:
        yield checks.Error(
            "No Origin is allowed, so no page can connect.",
            hint="Set WEBSOCKET_ALLOWED_ORIGINS to the site's own: https://www.example.com",
            id="gateway.E013",
        )
    for origin in conf().ALLOWED_ORIGINS:
        if not re.fullmatch(r"https?://[^/\s*]+?(:\d+|:\*)?/?", origin):
            yield checks.Error(
                f"{origin!r} is no Origin and matches none.",
                hint="An Origin is scheme, host and port: https://www.example.com, or http://localhost:* for any port.",
                id="gateway.E014",
            )
    for view in websocket_views():
        if not view.USE_WS_TOKEN:
            yield checks.Warning(
                f"{view.__name__} lets connections in without a one-time token.",
                hint="A cookie alone rests on the Origin check. Leave USE_WS_TOKEN on unless clients cannot fetch tokens.",
                id="gateway.W015",
            )


@checks.register(checks.Tags.security, deploy=True)
def check_sessions(**_: Any) -> list[checks.CheckMessage]:
    """The end of a login can be seen."""
    if session_model() is not None:
        return []
    return [
        checks.Warning(
            f"Sessions live in {settings.SESSION_ENGINE}, where their end cannot be seen: a logout closes no socket.",
            hint="Use django.contrib.sessions.backends.db or cached_db.",
            id="gateway.W016",
        )
    ]


@checks.register(deploy=True)
def check_connections(**_: Any) -> list[checks.CheckMessage]:
    """Database connections are kept: a new one for every event costs more than the event."""
    database = settings.DATABASES["default"]
    kept = database.get("CONN_MAX_AGE", 0) != 0 or "pool" in database.get("OPTIONS", {})
    if kept or database["ENGINE"].endswith("sqlite3"):
        return []
    return [
        checks.Warning(
            "Every event opens a new database connection, which costs PostgreSQL more than the event itself.",
            hint="Set CONN_MAX_AGE, or a pool in OPTIONS.",
            id="gateway.W017",
        )
    ]


@checks.register(deploy=True)
def check_aws(**_: Any) -> list[checks.CheckMessage]:
    """There is a region, and it is AWS that we talk to."""
    return list(_aws())


def _aws() -> Messages:
    if not conf().REGION:
        yield checks.Error("No AWS region is set.", hint="Set AWS_REGION.", id="gateway.E018")
    for key in ("APIGATEWAYV2_ENDPOINT", "MANAGEMENT_ENDPOINT"):
        endpoint = getattr(conf(), key)
        if re.match(r"https?://(localhost|127\.|\[::1\])", endpoint):
            yield checks.Error(
                f"{key} is {endpoint}, an emulator on this machine.",
                hint="Unset AWS_ENDPOINT_URL_APIGATEWAYV2 and AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI in production.",
                id="gateway.E019",
            )


@checks.register(checks.Tags.security, deploy=True)
def check_redirects(**_: Any) -> list[checks.CheckMessage]:
    """Neither HTTPS nor `www.` is enforced by a redirect where API Gateway and load balancers call."""
    return list(_redirects())


def _redirects() -> Messages:
    paths = (f"{conf().PATH}connect".lstrip("/"), "healthz", "readyz")
    exempt = [re.compile(pattern) for pattern in settings.SECURE_REDIRECT_EXEMPT]
    hit = [path for path in paths if not any(pattern.search(path) for pattern in exempt)]
    if settings.SECURE_SSL_REDIRECT and hit:
        yield checks.Warning(
            f"SECURE_SSL_REDIRECT may answer /{hit[0]} with a redirect, which API Gateway does not follow.",
            hint=f'Add r"^{hit[0].removesuffix("connect")}" to SECURE_REDIRECT_EXEMPT.',
            id="gateway.W020",
        )
    if settings.PREPEND_WWW:
        yield checks.Warning(
            "PREPEND_WWW answers events with a redirect unless they come to www, and API Gateway does not follow it.",
            hint="Leave redirects to the load balancer.",
            id="gateway.W021",
        )


def websocket_views() -> list[type[WebSocketView]]:
    """The WebSocket views in the URL configuration."""
    found = dict.fromkeys(_views(get_resolver().url_patterns))
    return list(found)


def _views(patterns: list[URLPattern | URLResolver]) -> Iterator[type[WebSocketView]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _views(pattern.url_patterns)
            continue
        view = getattr(pattern.callback, "view_class", None)
        if isinstance(view, type) and issubclass(view, WebSocketView):
            yield view
