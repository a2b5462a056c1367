"""Calls of the control plane in the journal: those that change something, and those that are refused."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import web

from emulator.control.model import match
from emulator.journal import Journal, printable

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def noted(journal: Journal, handler: Handler) -> Handler:
    """The control plane's handler, with a note of each such call."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = await handler(request)
        if request.method != "GET" or response.status >= HTTPStatus.BAD_REQUEST:
            found = match(request.method, request.rel_url.raw_path)
            journal.note(
                "control",
                operation=found.operation.name if found else request.method,
                path=printable(request.path),
                status=response.status,
                why=response.headers.get("x-amzn-ErrorType", ""),
            )
        return response

    return handle
