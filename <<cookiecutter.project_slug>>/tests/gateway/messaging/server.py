"""A management API that misbehaves on command, on a real socket in a thread of its own."""

import asyncio
import ssl
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote

Reply = tuple[int, str, str]
Behaviour = Callable[["Call", asyncio.StreamWriter], Awaitable[Reply | None]]


@dataclass
class Call:
    """A request as it came over the wire."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def connection_id(self) -> str:
        return unquote(self.path.rpartition("/")[2])


async def accept(call: Call, writer: asyncio.StreamWriter) -> Reply | None:
    return (204 if call.method == "DELETE" else 200), "", ""


GONE: Reply = (410, "GoneException", '{"message": "Gone"}')
THROTTLED: Reply = (429, "LimitExceededException", '{"message": "Rate exceeded"}')


@dataclass
class ManagementServer:
    """Records every call, and answers as `behaviour` says. A behaviour that returns None has dealt with the socket itself."""

    behaviour: Behaviour = accept
    calls: list[Call] = field(default_factory=list)
    connections: int = 0
    answered: Counter[int] = field(default_factory=Counter)
    under_way: int = 0
    most_under_way: int = 0
    port: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, condition: Callable[[list[Call]], bool]) -> None:
        """Waits until the calls received so far fulfil a condition."""
        with self.changed:
            assert self.changed.wait_for(lambda: condition(self.calls), timeout=60)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/production"

    def counts(self) -> Counter[str]:
        return Counter(call.connection_id for call in self.calls)

    def bodies(self, connection_id: str) -> list[bytes]:
        return [call.body for call in self.calls if call.connection_id == connection_id and call.method == "POST"]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while call := await self._read(reader):
                with self.changed:
                    self.calls.append(call)
                    self.changed.notify_all()
                self.under_way += 1
                self.most_under_way = max(self.most_under_way, self.under_way)
                reply = await self.behaviour(call, writer)
                self.under_way -= 1
                if reply is None:
                    break
                self.answered[reply[0]] += 1
                writer.write(_response(*reply))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Call | None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:]) if name}
        return Call(method, path, headers, await reader.readexactly(int(headers.get("content-length", 0))))


def _response(status: int, error: str, body: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body.encode())}"]
    if error:
        lines.append(f"x-amzn-ErrorType: {error}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode() if status != 204 else b"HTTP/1.1 204 No Content\r\n\r\n"


@contextmanager
def running(behaviour: Behaviour = accept, tls: ssl.SSLContext | None = None) -> Iterator[ManagementServer]:
    """A server on a free port, until the block ends."""
    server = ManagementServer(behaviour)
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def start() -> asyncio.Server:
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, backlog=1024, ssl=tls)
        server.port = listening.sockets[0].getsockname()[1]
        return listening

    def run() -> None:
        asyncio.set_event_loop(loop)
        listening = loop.run_until_complete(start())
        # Not before: a stop asked for while `start` runs would be lost.
        ready.set()
        loop.run_forever()
        listening.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
