"""A management API that says 200 to everything, as fast as Python can: a process of its own, which prints its port.

When its input ends it prints how many calls it had and how many connections they were about, and ends.
"""

import asyncio
import re
import sys

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
CALL = re.compile(rb"@connections/id(\d+) ")


class Answering(asyncio.Protocol):
    """One connection. Calls never come in pieces, and one at a time: they are small, and the client waits for its answers."""

    calls = 0
    seen = bytearray(2_000_000)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        Answering.calls += 1
        found = CALL.search(data)
        if found:
            Answering.seen[int(found[1])] = 1
        self.transport.write(ANSWER)  # type: ignore[attr-defined]


def say(*words: int) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Answering, "127.0.0.1", 0, backlog=1_024)
    say(server.sockets[0].getsockname()[1])
    await loop.run_in_executor(None, sys.stdin.read)
    say(Answering.calls, sum(Answering.seen))


asyncio.run(serve())
