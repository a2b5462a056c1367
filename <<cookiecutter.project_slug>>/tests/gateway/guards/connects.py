"""Refusals of `$connect`, past the API id."""

from datetime import timedelta

from django.contrib.auth.models import Permission
from django.db import connection
from django.http import HttpResponse
from django.utils import timezone

from gateway.models import ChannelPermission, WebSocketToken
from gateway.wire import EventKind
from tests.gateway.guards.table import World, row


@row("rate_limited", "one attempt too many from one address")
def _(world: World) -> HttpResponse:
    world.view(RATE_LIMIT_MAX_ATTEMPTS=1)
    world.connect(token="wrong", connection_id="first=")
    return world.connect(token="wrong")


@row("rate_limited", "one attempt too many of one user from many addresses")
def _(world: World) -> HttpResponse:
    world.view(RATE_LIMIT_MAX_ATTEMPTS=1)
    world.connect(source_ip="198.51.100.1", connection_id="bad/id")
    return world.connect(source_ip="198.51.100.2")


@row("rate_limited", "one attempt too many from one IPv6 network")
def _(world: World) -> HttpResponse:
    world.view(RATE_LIMIT_MAX_ATTEMPTS=1)
    world.connect(token="wrong", source_ip="2001:db8::1", connection_id="first=")
    return world.connect(token="wrong", source_ip="2001:db8::ffff:1")


@row("domain_unknown", "an address that is not the gateway's")
def _(world: World) -> HttpResponse:
    return world.connect(domain="evil.example.net")


@row("domain_unknown", "no domain")
def _(world: World) -> HttpResponse:
    return world.connect(domain=None)


@row("origin_not_allowed", "a foreign page")
def _(world: World) -> HttpResponse:
    return world.connect(origin="https://evil.example.net")


@row("origin_not_allowed", "a page whose name begins like ours")
def _(world: World) -> HttpResponse:
    return world.connect(origin="https://www.example.com.evil.example.net")


@row("origin_not_allowed", "a sandboxed page")
def _(world: World) -> HttpResponse:
    return world.connect(origin="null")


@row("origin_not_allowed", "no page and no valid token")
def _(world: World) -> HttpResponse:
    return world.connect(origin=None, token="wrong")


@row("connection_id_invalid", "a slash")
def _(world: World) -> HttpResponse:
    return world.connect(connection_id="a/../b")


@row("connection_id_invalid", "a space")
def _(world: World) -> HttpResponse:
    return world.connect(connection_id="a b")


@row("connection_id_invalid", "longer than any")
def _(world: World) -> HttpResponse:
    return world.connect(connection_id="a" * 129)


@row("connection_id_invalid", "seen before", connected=True)
def _(world: World) -> HttpResponse:
    return world.connect(connection_id=world.client.connection_id)


@row("channel_invalid", "a slash in the channel's name")
def _(world: World) -> HttpResponse:
    return world.client.event(EventKind.CONNECT, token=world.client.token(), connection_id="new=", channel="a/b")


@row("channel_invalid", "letters beyond ASCII")
def _(world: World) -> HttpResponse:
    return world.client.event(EventKind.CONNECT, token=world.client.token(), connection_id="new=", channel="b\u00fcro")


@row("channel_invalid", "too long a name")
def _(world: World) -> HttpResponse:
    return world.client.event(EventKind.CONNECT, token=world.client.token(), connection_id="new=", channel="a" * 192)


@row("token_missing", "no token")
def _(world: World) -> HttpResponse:
    # Without a token only a page of ours comes as far as this.
    return world.connect(token="")


@row("token_invalid", "an unknown token")
def _(world: World) -> HttpResponse:
    return world.connect(token="wrong")


@row("token_invalid", "a used token", connected=True)
def _(world: World) -> HttpResponse:
    token = world.client.token()
    world.connect(token=token, connection_id="first=")
    return world.connect(token=token)


@row("token_invalid", "an expired token")
def _(world: World) -> HttpResponse:
    token = world.client.token()
    WebSocketToken.objects.update(created_on=timezone.now() - timedelta(seconds=61))
    return world.connect(token=token)


@row("token_invalid", "a token of a login that has ended behind our back")
def _(world: World) -> HttpResponse:
    token = world.client.token()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_session")
    return world.connect(token=token)


@row("token_invalid", "a token of a user who was deactivated behind our back")
def _(world: World) -> HttpResponse:
    token = world.client.token()
    type(world.user).objects.update(is_active=False)
    return world.connect(token=token)


@row("token_invalid", "a token beside the cookie of another login")
def _(world: World) -> HttpResponse:
    token = world.client.token()
    return world.connect(token=token, extra={"Cookie": "sessionid=somebodyelses"})


@row("token_invalid", "a token with a NUL")
def _(world: World) -> HttpResponse:
    return world.connect(token="a\x00b")


@row("login_required", "nobody signed in, where tokens are off")
def _(world: World) -> HttpResponse:
    world.view(USE_WS_TOKEN=False)
    return world.connect(token="")


@row("permission_denied", "none of the permissions")
def _(world: World) -> HttpResponse:
    world.view(permissions_required=["gateway.view_apigateway", "gateway.add_apigateway"])
    return world.connect()


@row("permission_denied", "one of two permissions where all are needed")
def _(world: World) -> HttpResponse:
    world.user.user_permissions.add(Permission.objects.get(codename="view_apigateway"))
    world.view(all_permissions_required=["gateway.view_apigateway", "gateway.add_apigateway"])
    return world.connect()


@row("channel_forbidden", "a channel that nobody opened")
def _(world: World) -> HttpResponse:
    return world.client.event(
        EventKind.CONNECT, token=world.client.token(), connection_id="new=", channel="secret-room"
    )


@row("channel_forbidden", "a channel for staff")
def _(world: World) -> HttpResponse:
    ChannelPermission.objects.create(channel_name="staff-room", audience=ChannelPermission.Audience.STAFF)
    return world.client.event(EventKind.CONNECT, token=world.client.token(), connection_id="new=", channel="staff-room")


@row("channel_forbidden", "the view's own hook says no")
def _(world: World) -> HttpResponse:
    world.view(can_join_channel=lambda self, request, channel_name: request.user.username != "ann")
    return world.connect()
