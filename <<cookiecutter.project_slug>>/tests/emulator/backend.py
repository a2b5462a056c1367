"""A real HTTP backend: it answers as a test says and remembers every request."""

import asyncio
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import web

from tests.serving import served

SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came over the wire; header names keep their case."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The one header of that name in any case, None without; two of them fail the test."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) < 2, f"{name} came {len(values)} times"
        return values[0] if values else None


@dataclass(slots=True)
class Reply:
    """What to answer. `gate`: not before it is set; `echoes`: with the request's own body."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    gate: threading.Event | None = None
    echoes: bool = False


class Backend:
    """Replies are chosen by the last part of the path (`connect`, `default`, ...), 200 and no body where nothing is said."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {}
        self.by_body: dict[bytes, Reply] = {}
        self.port = 0
        self.is_stopping = False
        self._received: queue.Queue[Received] = queue.Queue()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def next(self) -> Received:
        """The next request, waiting for it if need be."""
        return self._received.get(timeout=SECONDS)

    def next_for(self, name: str) -> Received:
        """The next request whose path ends in that name; others are passed over."""
        while True:
            received = self.next()
            if received.path.partition("?")[0].endswith("/" + name):
                return received

    def is_idle(self) -> bool:
        """Whether every request has been looked at."""
        return self._received.empty()

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = [(name.decode("latin-1"), value.decode()) for name, value in request.raw_headers]
        self._received.put(Received(request.method, request.raw_path, headers, body))
        name = request.path.rpartition("/")[2]
        reply = self.by_body.get(body) or self.replies.get(name) or Reply()
        while reply.gate is not None and not (reply.gate.is_set() or self.is_stopping):
            await asyncio.sleep(0.005)
        answer = body if reply.echoes else reply.body
        return web.Response(status=reply.status, body=answer, headers=reply.headers)


@contextmanager
def running_backend(port: int = 0) -> Iterator[Backend]:
    """A backend for the time of a `with` block."""
    backend = Backend()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", backend.handle)
    with served(app, port=port) as backend.port:
        try:
            yield backend
        finally:
            backend.is_stopping = True
