"""Refusals of callers that may be strangers: nothing is written and nothing is told."""

from django.http import HttpResponse

from gateway import wire
from gateway.testing import make_headers
from gateway.wire import EventKind
from tests.gateway.guards.table import World, row


@row("secret_wrong", "another secret")
def _(world: World) -> HttpResponse:
    return world.connect(secret="guess" * 10)


@row("secret_wrong", "no secret at all")
def _(world: World) -> HttpResponse:
    return world.connect(secret="")


@row("secret_wrong", "a doubled header, which WSGI joins")
def _(world: World) -> HttpResponse:
    secret = make_headers()[wire.SECRET]
    return world.connect(secret=f"{secret},{secret}")


@row("secret_wrong", "no secret configured: nobody gets in, not even with an empty one")
def _(world: World) -> HttpResponse:
    world.change(SECRETS=[""])
    return world.connect(secret="")


@row("secret_wrong", "letters that no secret has")
def _(world: World) -> HttpResponse:
    return world.connect(secret="gehei\u00dfm")


@row("header_missing", "no connection id")
def _(world: World) -> HttpResponse:
    return world.client.event(EventKind.CONNECT, connection_id=None)


@row("header_missing", "no source address")
def _(world: World) -> HttpResponse:
    return world.connect(source_ip=None)


@row("header_missing", "an empty header counts as absent")
def _(world: World) -> HttpResponse:
    return world.connect(source_ip="")


@row("header_invalid", "a slug that disagrees with the route")
def _(world: World) -> HttpResponse:
    headers = make_headers(kind=EventKind.MESSAGE, api_id=world.client.gateway.api_id, route_key="other")
    return world.client.browser.post("/ws/connect", headers=headers)


@row("header_invalid", "a message on the connect route")
def _(world: World) -> HttpResponse:
    return world.client.event(EventKind.MESSAGE, route_key="$connect", connection_id="new=")


@row("header_invalid", "a connect on the default route")
def _(world: World) -> HttpResponse:
    return world.client.event(EventKind.CONNECT, route_key="$default", connection_id="new=")


@row("header_invalid", "an event that there is not")
def _(world: World) -> HttpResponse:
    return world.connect(extra={wire.EVENT: "PING"})


@row("header_invalid", "a source address that is none")
def _(world: World) -> HttpResponse:
    return world.connect(source_ip="203.0.113.7 and more")


@row("header_invalid", "an address with a zone")
def _(world: World) -> HttpResponse:
    return world.connect(source_ip="fe80::1%eth0")


@row("header_invalid", "a doubled connection id")
def _(world: World) -> HttpResponse:
    return world.connect(connection_id="one=,two=")


@row("api_unknown", "another API")
def _(world: World) -> HttpResponse:
    return world.connect(api_id="someoneelse")


@row("api_unknown", "a NUL in the API id")
def _(world: World) -> HttpResponse:
    return world.connect(api_id="a\x00b")


@row("api_unknown", "the view serves another API")
def _(world: World) -> HttpResponse:
    world.view(aws_api_gateway_id="another1")
    return world.connect()
