"""Which channel a connection joins, and whether it may."""

import re
from typing import Final

from django.contrib.auth.models import AbstractBaseUser

from gateway.conf import conf
from gateway.exceptions import ChannelForbidden, ChannelInvalid, PermissionMissing
from gateway.guards.directory import channels
from gateway.guards.requirements import holds, of_channel, of_view
from gateway.guards.visit import Visit
from gateway.models import ApiGateway, ChannelPermission
from gateway.models.channel_permission import CHANNEL_NAME

_CHANNEL_NAME: Final = re.compile(CHANNEL_NAME, re.ASCII)


class HasChannelName:
    """The channel in the query string, or the gateway's default channel."""

    def __call__(self, visit: Visit) -> None:
        name = visit.event.channel_name or visit.known_gateway().default_channel_name
        if not _CHANNEL_NAME.fullmatch(name) or len(name) > visit.policy.MAX_CHANNEL_NAME_LENGTH:
            raise ChannelInvalid(f"asked for {name[:100]!r}")
        visit.channel_name = name


class HasPermissions:
    """The view's `permissions_required` (any of them) and `all_permissions_required`."""

    def __call__(self, visit: Visit) -> None:
        needed = of_view(visit.policy.permissions_required, visit.policy.all_permissions_required)
        if not holds(visit.user, needed):
            raise PermissionMissing
        visit.requirement += needed


class MayJoinChannel:
    """The view's `can_join_channel`, which by default asks `may_join`."""

    def __call__(self, visit: Visit) -> None:
        if not visit.policy.can_join_channel(visit.request, visit.channel_name):
            raise ChannelForbidden(f"asked for {visit.channel_name}")
        needed = of_channel(channels.get(visit.channel_name))
        if holds(visit.user, needed):  # a view may let in others than the row does
            visit.requirement += needed


def may_join(user: AbstractBaseUser | None, channel_name: str, gateway: ApiGateway) -> bool:
    """The rule for channels: its `ChannelPermission`; without one only the default channel is open, to signed-in users."""
    permission = channels.get(channel_name)
    if permission is None:
        listed = channel_name == gateway.default_channel_name or conf().ALLOW_UNLISTED_CHANNELS
        return listed and user is not None
    if permission.audience == ChannelPermission.Audience.EVERYONE:
        return True
    return user is not None and holds(user, of_channel(permission))
