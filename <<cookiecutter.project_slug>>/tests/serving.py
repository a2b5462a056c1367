"""A real HTTP server on a free port, in a thread of its own, for the time of a `with` block."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

SECONDS = 10.0


@contextmanager
def served(app: web.Application, *, port: int = 0, shutdown_seconds: float = 1.0) -> Iterator[int]:
    """The port that the application answers at. Requests under way in the end have `shutdown_seconds` for theirs."""
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=shutdown_seconds)
    ready = threading.Event()

    async def start() -> None:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()

    def serve() -> None:
        loop.run_until_complete(start())
        # Not before: a stop asked for while `start` runs would be lost.
        ready.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert ready.wait(SECONDS)
    try:
        yield runner.addresses[0][1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(SECONDS)
