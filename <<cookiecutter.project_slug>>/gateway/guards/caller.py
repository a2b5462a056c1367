"""Is this our own gateway? Until the answer is yes a stranger may be calling: no row is written and no detail given."""

import hmac
import re
from typing import Final

from gateway import wire
from gateway.conf import conf
from gateway.exceptions import ApiUnknown, HeaderInvalid, HeaderMissing, SecretWrong
from gateway.guards.directory import gateways
from gateway.guards.visit import Visit
from gateway.wire import EventKind

_API_ID: Final = re.compile(r"[A-Za-z0-9]{1,64}", re.ASCII)
_FIXED_ROUTES: Final = {EventKind.CONNECT: wire.CONNECT_ROUTE_KEY, EventKind.DISCONNECT: wire.DISCONNECT_ROUTE_KEY}


class KnowsSecret:
    """The shared secret, against every accepted value, in a time that does not depend on how much of it was right."""

    def __call__(self, visit: Visit) -> None:
        given = visit.event.secret.encode("utf-8", "surrogatepass")
        matches = [hmac.compare_digest(given, secret.encode()) for secret in conf().SECRETS if secret]
        if not any(matches):
            raise SecretWrong


class HasHeaders:
    """The headers that every integration maps, and no doubled ones: WSGI joins those with a comma."""

    def __call__(self, visit: Visit) -> None:
        event = visit.event
        for name in wire.REQUIRED_HEADERS:
            value = event.header(name)
            if value is None:
                raise HeaderMissing(name)
            if "," in value:
                raise HeaderInvalid(f"{name} holds a comma")
        if event.kind is None:
            raise HeaderInvalid(f"{wire.EVENT} is no event")
        if event.source_ip is None:
            raise HeaderInvalid(f"{wire.SOURCE_IP} is no address")
        if wire.slug_of(event.route_key or "") != visit.route:
            raise HeaderInvalid(f"{wire.ROUTE} does not agree with the URL, which ends in {visit.route}")
        if _FIXED_ROUTES.get(event.kind, event.route_key) != event.route_key or (
            event.kind is EventKind.MESSAGE and event.route_key in _FIXED_ROUTES.values()
        ):
            raise HeaderInvalid(f"{wire.ROUTE} does not agree with {wire.EVENT}")


class KnownApi:
    """The API id is that of a gateway of this project, and the view's own where it names one."""

    def __call__(self, visit: Visit) -> None:
        api_id = visit.event.api_id or ""
        own = visit.policy.aws_api_gateway_id
        if not _API_ID.fullmatch(api_id) or (own and own != api_id):
            raise ApiUnknown
        visit.gateway = gateways.get(api_id)
        if visit.gateway is None:
            raise ApiUnknown
