"""The addresses under `/_emulator/`: the page, its files, the live feed, the figures, and the four things one can do."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

from aiohttp import web

from emulator.inspector.actions import (
    ActionError,
    Restart,
    advance_clock,
    begin_again,
    disconnect,
    json_body,
    switch_fault,
)
from emulator.inspector.feed import Feed, TooManyReadersError
from emulator.inspector.files import INDEX, file_response
from emulator.inspector.guard import why_not_act, why_not_read
from emulator.inspector.overview import overview
from emulator.plane import DataPlane

BASE: Final = "/_emulator"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Action = Callable[[DataPlane, dict[str, Any]], Awaitable[None]]


def inspector_routes(app: web.Application, plane: DataPlane, own_host: str, restart: Restart) -> list[web.RouteDef]:
    """The inspector's routes; its feed ends when the application shuts down."""
    feed = Feed(plane.journal, lambda: overview(plane))

    async def close(_: web.Application) -> None:
        feed.close()

    app.on_shutdown.append(close)
    readable: dict[str, Handler] = {
        "": _to_page,
        "/": _index,
        "/page/{name}": _file,
        "/live": partial(_live, feed),
        "/metrics": partial(_metrics, plane),
        "/access-log": partial(_access_log, plane),
    }
    actions: dict[str, Action] = {
        "/faults": switch_fault,
        "/disconnect": disconnect,
        "/clock": advance_clock,
        "/restart": partial(begin_again, restart),
    }
    return [
        web.get(f"{BASE}/health", _health),
        *(
            web.get(BASE + path, partial(_read, own_host, handler), allow_head=False)
            for path, handler in readable.items()
        ),
        *(web.post(BASE + path, partial(_act, own_host, plane, feed, action)) for path, action in actions.items()),
    ]


async def _read(own_host: str, handler: Handler, request: web.Request) -> web.StreamResponse:
    reason = why_not_read(request.headers, own_host)
    return await handler(request) if reason is None else _refused(reason, 403)


async def _act(own_host: str, plane: DataPlane, feed: Feed, action: Action, request: web.Request) -> web.Response:
    reason = why_not_act(request.headers, own_host)
    if reason is not None:
        return _refused(reason, 403)
    try:
        await action(plane, await json_body(request))
    except ActionError as error:
        return _refused(str(error), 400)
    feed.wake()
    return web.json_response({})


async def _to_page(_: web.Request) -> web.Response:
    raise web.HTTPFound(f"{BASE}/")


async def _index(_: web.Request) -> web.Response:
    return file_response(INDEX)


async def _file(request: web.Request) -> web.Response:
    return file_response(request.match_info["name"])


async def _live(feed: Feed, request: web.Request) -> web.StreamResponse:
    try:
        return await feed.serve(request)
    except TooManyReadersError:
        return _refused("Too many pages look into this emulator already.", 503)


async def _health(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _metrics(plane: DataPlane, _: web.Request) -> web.Response:
    return web.json_response(plane.metrics.as_json())


async def _access_log(plane: DataPlane, _: web.Request) -> web.Response:
    return web.json_response({"lines": list(plane.access_log.lines)})


def _refused(reason: str, status: int) -> web.Response:
    return web.json_response({"message": reason}, status=status)
