"""Ways in which a management API goes wrong."""

import asyncio
from collections import Counter
from collections.abc import Callable

from tests.gateway.messaging.server import GONE, THROTTLED, Behaviour, Call, Reply

Answer = Callable[[Call, int], Reply | None]


def answers(answer: Answer) -> Behaviour:
    """Answers by connection and by how often it was called about before. None: success."""
    seen: Counter[str] = Counter()

    async def behave(call: Call, _: asyncio.StreamWriter) -> Reply | None:
        seen[call.connection_id] += 1
        return answer(call, seen[call.connection_id]) or ((204 if call.method == "DELETE" else 200), "", "")

    return behave


def throttled_first(times: int) -> Behaviour:
    """429 to the first calls about each connection."""
    return answers(lambda _, count: THROTTLED if count <= times else None)


def gone_first(times: int) -> Behaviour:
    """410 to the first calls about each connection: its `$connect` has not returned."""
    return answers(lambda _, count: GONE if count <= times else None)


def always(reply: Reply) -> Behaviour:
    """The same to everybody."""
    return answers(lambda _call, _count: reply)


def raw(*chunks: bytes) -> Behaviour:
    """Writes exactly these bytes and hangs up."""

    async def behave(_: Call, writer: asyncio.StreamWriter) -> None:
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()

    return behave


async def hang(_: Call, writer: asyncio.StreamWriter) -> None:
    """Reads the request and never answers."""
    await writer.wait_closed()


async def half_close(_: Call, writer: asyncio.StreamWriter) -> None:
    """Says that nothing more will come, and keeps the socket open."""
    writer.write_eof()
    await writer.wait_closed()


def hangs_up_first(times: int) -> Behaviour:
    """Hangs up without an answer on the first calls about each connection."""
    seen: Counter[str] = Counter()

    async def behave(call: Call, _: asyncio.StreamWriter) -> Reply | None:
        seen[call.connection_id] += 1
        return None if seen[call.connection_id] <= times else (200, "", "")

    return behave
