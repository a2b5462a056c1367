"""The smallest site that the client can live on: a page, its modules, tokens, and a backend for API Gateway to call."""

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.serving import served

MODULES = Path(__file__).resolve().parents[2] / "gateway" / "static" / "gateway"
SECONDS = 5.0


class Site:
    """Answers as a test says. `socket_url` is where tokens lead; `refusals` maps a path to the next refusals of it."""

    def __init__(self) -> None:
        self.port = 0
        self.socket_url = ""
        self.tokens = 0
        self.messages: queue.Queue[dict[str, Any]] = queue.Queue()
        self.refusals: dict[str, list[tuple[int, dict[str, str]]]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def next_message(self) -> dict[str, Any]:
        """The next message that comes from now on."""
        while not self.messages.empty():
            self.messages.get()
        return self.messages.get(timeout=SECONDS)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/", self._page)
        app.router.add_static("/static/gateway/", MODULES)
        app.router.add_post("/api/ws-token/", self._token)
        app.router.add_post("/api/ws-check/", self._check)
        app.router.add_post("/connect", self._event)
        app.router.add_post("/disconnect", self._event)
        app.router.add_post("/default", self._message)
        return app

    async def _page(self, request: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>client</title>", content_type="text/html")

    async def _token(self, request: web.Request) -> web.Response:
        self.tokens += 1
        return self._refusal(request.path) or web.json_response(
            {"token": f"token-{self.tokens}", "url": self.socket_url}
        )

    async def _check(self, request: web.Request) -> web.Response:
        return self._refusal(request.path) or web.json_response({"ok": True})

    async def _event(self, request: web.Request) -> web.Response:
        return self._refusal(request.path) or web.Response()

    async def _message(self, request: web.Request) -> web.Response:
        message = await request.json()
        self.messages.put(message)
        if message == {"type": "ping"}:
            return web.json_response({"type": "pong"})
        return web.json_response({"type": "echo", "reply_to": message["id"]}) if "id" in message else web.Response()

    def _refusal(self, path: str) -> web.Response | None:
        if not self.refusals.get(path):
            return None
        status, body = self.refusals[path].pop(0)
        return web.json_response(body, status=status)


@contextmanager
def running_site() -> Iterator[Site]:
    """A site for the time of a `with` block."""
    site = Site()
    with served(site.app(), shutdown_seconds=0.1) as site.port:
        yield site
