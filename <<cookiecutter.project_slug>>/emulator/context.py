"""The `$context` variables of one event. Pure.

A name that is absent here, or whose value is None, is not set on that kind of event.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple

CONNECT: Final = "CONNECT"
MESSAGE: Final = "MESSAGE"
DISCONNECT: Final = "DISCONNECT"

Context = Mapping[str, str | None]

ACCOUNT_ID: Final = "123456789012"
"""AWS's own example account."""


class Caller(NamedTuple):
    """Who is at the other end of a connection: known from the handshake, the same for its whole life."""

    connection_id: str
    api_id: str
    stage_name: str
    domain_name: str
    source_ip: str
    user_agent: str
    connected_at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """How a connection ended: the code and the reason that `$disconnect` carries."""

    code: int
    reason: str


@lru_cache(maxsize=2)
def request_time(second: int) -> str:
    """The Common Log Format's: `09/Feb/2024:18:10:46 +0000`."""
    return datetime.fromtimestamp(second, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")


def context_of(
    caller: Caller,
    *,
    event: str,
    route_key: str,
    request_id: str,
    now: float,
    message_id: str | None = None,
    ending: Ending | None = None,
) -> dict[str, str | None]:
    """The variables of one event, under their names without `$context.`."""
    return {
        "connectionId": caller.connection_id,
        "connectedAt": str(int(caller.connected_at * 1000)),
        "domainName": caller.domain_name,
        "domainPrefix": caller.domain_name.partition(".")[0],
        "eventType": event,
        "messageDirection": "IN",
        "messageId": message_id,
        "routeKey": route_key,
        "requestId": request_id,
        # The same value on WebSocket APIs (AWS facts 1.6).
        "extendedRequestId": request_id,
        "requestTime": request_time(int(now)),
        "requestTimeEpoch": str(int(now * 1000)),
        "stage": caller.stage_name,
        "apiId": caller.api_id,
        "accountId": ACCOUNT_ID,
        "identity.sourceIp": caller.source_ip,
        "identity.userAgent": caller.user_agent or None,
        "disconnectStatusCode": str(ending.code) if ending else None,
        "disconnectReason": ending.reason or None if ending else None,
    }
