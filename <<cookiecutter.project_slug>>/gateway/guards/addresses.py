"""Where a connection comes through, from which page, and under which id."""

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from gateway.conf import conf
from gateway.exceptions import ConnectionIdInvalid, DomainUnknown, OriginNotAllowed
from gateway.guards.visit import Visit
from gateway.limits import MAX_CONNECTION_ID_LENGTH
from gateway.models import ApiGateway

# AWS calls connection ids opaque. This is what base64, base64url and UUIDs use, and nothing that means something in a URL's path.
CONNECTION_ID: Final = re.compile(rf"[A-Za-z0-9_=+.~-]{{1,{MAX_CONNECTION_ID_LENGTH}}}", re.ASCII)

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class ThroughOwnDomain:
    """The client used one of the gateway's own addresses."""

    def __call__(self, visit: Visit) -> None:
        domain = visit.event.domain
        if domain is None or not is_own_domain(domain, visit.known_gateway()):
            raise DomainUnknown(f"came through {domain or 'no domain'}"[:300])


def is_own_domain(domain: str, gateway: ApiGateway) -> bool:
    """Whether `domain` (lower case, no port) is the gateway's: its own domain or the one that AWS gave it."""
    if domain == gateway.domain_name.lower():
        return True
    given = urlsplit(gateway.api_endpoint).hostname
    if given in _LOOPBACK:
        return domain in _LOOPBACK
    # Behind its own domain a gateway may have been registered without its endpoint.
    return domain == given or (not given and domain.startswith(f"{gateway.api_id}.execute-api.".lower()))


class FromAllowedOrigin:
    """The page that opens the connection is one of ours. A browser always says which; only a token excuses silence."""

    def __call__(self, visit: Visit) -> None:
        origin = visit.event.origin
        if origin is None:
            if visit.token is None:
                raise OriginNotAllowed("no Origin and no valid token")
        elif not is_allowed_origin(origin, conf().ALLOWED_ORIGINS):
            raise OriginNotAllowed(f"came from {origin}"[:300])


class HasPageOrigin:
    """A page of ours asks about itself. A browser sends no `Origin` with such a GET, and then the page has the request's own."""

    def __call__(self, visit: Visit) -> None:
        origin = visit.event.origin or f"{visit.request.scheme}://{visit.request.get_host()}"
        if not is_allowed_origin(origin, conf().ALLOWED_ORIGINS):
            raise OriginNotAllowed(f"came from {origin}"[:300])


def is_allowed_origin(origin: str, allowed: Iterable[str]) -> bool:
    """Whether an `Origin` is listed. `https://host:*` allows any port of that host; nothing else is a pattern."""
    origin = origin.lower()
    for entry in allowed:
        pattern = entry.lower().rstrip("/")
        if origin == pattern:
            return True
        base = pattern.removesuffix(":*")
        if base != pattern and (origin == base or re.fullmatch(re.escape(base) + r":\d{1,5}", origin, re.ASCII)):
            return True
    return False


class HasConnectionId:
    """The connection id is one that can stand in the management API's URL."""

    def __call__(self, visit: Visit) -> None:
        if not CONNECTION_ID.fullmatch(visit.event.connection_id or ""):
            raise ConnectionIdInvalid("malformed")
