"""The `WEBSOCKETS` setting: every key, its default and its type in one place.

Read it through `conf()`, never from `django.conf.settings`: the value is checked once, cached, and forgotten when a test
overrides the setting.
"""

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed


@dataclass(frozen=True, kw_only=True, slots=True)
class WebSocketSettings:
    """Times are in seconds and sizes in bytes unless a name says otherwise."""

    BASE_URL: str = ""
    """This site's public address, without a trailing slash. Integrations point at it."""
    PATH: str = "/ws/"
    """Where the URLconf has the WebSocket view, below `BASE_URL`."""
    GATEWAY_FILE: Path = Path("config/gateway.json")
    """The gateway as asked for; `manage.py register_gateway` reads it."""
    STAGE: str = ""
    """Overrides the stage of `GATEWAY_FILE` when set."""
    REGION: str = ""
    """Handed to boto3 explicitly."""
    APIGATEWAYV2_ENDPOINT: str = ""
    """Where the control plane is, when it is not AWS: the emulator."""
    MANAGEMENT_ENDPOINT: str = ""
    """A base to which the stage is added, when the management API is not AWS's: the emulator."""

    SECRETS: tuple[str, ...] = ()
    """Accepted values of the shared secret header; the first is the one that integrations send."""
    ALLOWED_ORIGINS: tuple[str, ...] = ()
    """Origins whose pages may connect: `https://host[:port]`, with `:*` for any port."""
    ALLOW_UNLISTED_CHANNELS: bool = False
    """Whether signed-in users may join a channel that no `ChannelPermission` names."""
    CACHE_SECONDS: float = 30.0
    """How long a process believes its copy of the gateway and channel rows. 0 turns the cache off."""

    TOKEN_LIFETIME: int = 60
    """How long a one-time token may wait for its connection."""
    TOKEN_LIMIT: int = 10
    """Tokens per user and minute."""
    MESSAGE_RATE: int = 60
    """Messages that one connection may send in `MESSAGE_RATE_WINDOW`. 0 means no limit."""
    MESSAGE_RATE_WINDOW: float = 10.0
    """The window that `MESSAGE_RATE` counts in; it slides."""
    MESSAGE_RATE_STRIKES: int = 20
    """Refusals in a row after which an abusive connection is closed. 0 means never."""

    TRANSPORT: str = "aiohttp"
    """How messages leave: `aiohttp` (fan-out on one event loop), `boto3` (proxies, debugging) or `memory` (tests)."""
    SEND_CONNECTIONS: int = 200
    """Keep-alive connections per management endpoint."""
    SEND_RATE: float = 8_000.0
    """Posts a second this process may make at most; AWS's default for a whole account and region is 10,000."""
    SEND_TIMEOUT: float = 10.0
    """How long one call of the management API may take."""
    SHARD_DISPATCHER: str = ""
    """Dotted path of what hands a shard of a large send to a worker: `gateway.tasks.dispatch`. Empty: there are no
    workers."""
    SHARD_SIZE: int = 10_000
    """Recipients in one shard; a send to no more than these is not sharded."""

    METRICS_FLUSH_SECONDS: float = 10.0
    """How often a process writes its figures to the database. 0 turns figures off."""
    METRICS_RETENTION_MINUTES: int = 2_880
    """How long figures by the minute are kept; totals are kept for good."""

    METRICS_TOKEN: str = ""
    """What Prometheus sends as its bearer token to `/metrics`. Empty: only signed-in staff may read it."""

    SESSION_RETENTION_DAYS: int = 30
    """How long the rows of ended connections are kept."""
    BROADCAST_RETENTION_DAYS: int = 7
    """How long the account of a sharded send, and its message, can be asked for."""
    REFUSAL_RETENTION: int = 10_000
    """Rows kept of refusals and of connection attempts."""


def _load() -> WebSocketSettings:
    given: dict[str, Any] = dict(getattr(settings, "WEBSOCKETS", {}))
    known = {field.name for field in fields(WebSocketSettings)}
    unknown = sorted(set(given) - known)
    if unknown:
        raise ImproperlyConfigured(f"WEBSOCKETS has no key {unknown[0]!r}. The keys are: {', '.join(sorted(known))}.")
    for key in ("SECRETS", "ALLOWED_ORIGINS"):
        if isinstance(given.get(key), str):
            # Taken as a list, a text is its letters: each of them would be a secret.
            raise ImproperlyConfigured(f"WEBSOCKETS[{key!r}] is one text: write a list, even of a single one.")
        if key in given:
            given[key] = tuple(given[key])
    return WebSocketSettings(**given)


_cached = cache(_load)


def conf() -> WebSocketSettings:
    """The settings in force."""
    return _cached()


def _forget(*, setting: str, **_: Any) -> None:
    if setting == "WEBSOCKETS":
        _cached.cache_clear()


setting_changed.connect(_forget)
