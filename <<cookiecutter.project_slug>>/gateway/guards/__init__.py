"""The checks of every event: one class each, in the order in which they are asked.

Up to `KnownApi` a stranger may be calling. `docs/security.md` tells of each guard its setting, its refusal and its test.
"""

from collections.abc import Sequence
from typing import Final

from gateway.guards.addresses import FromAllowedOrigin, HasConnectionId, HasPageOrigin, ThroughOwnDomain
from gateway.guards.caller import HasHeaders, KnownApi, KnowsSecret
from gateway.guards.channels import HasChannelName, HasPermissions, MayJoinChannel
from gateway.guards.identity import ConnectRate, Identify, RedeemToken
from gateway.guards.logins import LoginHolds
from gateway.guards.messages import (
    HasJsonBody,
    LiveSession,
    MayCallHandler,
    PicksHandler,
    SameUserAgent,
    ValidPayload,
    WithinMessageRate,
)
from gateway.guards.visit import Guard, Policy, Visit
from gateway.wire import EventKind

CALLER: Final[tuple[Guard, ...]] = (KnowsSecret(), HasHeaders(), KnownApi())

CONNECT: Final[tuple[Guard, ...]] = (
    Identify(),
    ConnectRate(),
    ThroughOwnDomain(),
    FromAllowedOrigin(),
    HasConnectionId(),
    HasChannelName(),
    RedeemToken(),
    HasPermissions(),
    MayJoinChannel(),
)
MESSAGE: Final[tuple[Guard, ...]] = (
    HasJsonBody(),
    LiveSession(),
    LoginHolds(),
    WithinMessageRate(),
    SameUserAgent(),
    PicksHandler(),
    MayCallHandler(),
    ValidPayload(),
)
DISCONNECT: Final[tuple[Guard, ...]] = (HasConnectionId(),)

PREFLIGHT: Final[tuple[Guard, ...]] = (HasPageOrigin(), HasChannelName(), HasPermissions(), MayJoinChannel())
"""What `api/ws-check/` can ask without a connection."""

BY_KIND: Final[dict[EventKind, tuple[Guard, ...]]] = {
    EventKind.CONNECT: CONNECT,
    EventKind.MESSAGE: MESSAGE,
    EventKind.DISCONNECT: DISCONNECT,
}


def run(guards: Sequence[Guard], visit: Visit) -> None:
    """Asks each guard in turn. The first that refuses ends it: a `Refusal` is raised."""
    for guard in guards:
        guard(visit)


__all__ = ["BY_KIND", "CALLER", "CONNECT", "DISCONNECT", "MESSAGE", "PREFLIGHT", "Guard", "Policy", "Visit", "run"]
