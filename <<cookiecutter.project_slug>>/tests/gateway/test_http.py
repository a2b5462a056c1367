"""The HTTP client of the fan-out, against a server on a real socket that says exactly what it is told to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.http import Pool
from gateway.http_reply import ConnectionGoneError, NotHttpError, Reply, parse_head, whole_body

REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
CHUNKED = b"HTTP/1.1 429 X\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\n"
NOTHING = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@asynccontextmanager
async def pool_to(*answers: list[bytes], timeout: float = 5.0) -> AsyncIterator[tuple[Pool, list[int]]]:
    """A pool, and for each connection that it opened how many requests came over it. Each request gets the next answer."""
    waiting = list(answers)
    connections: list[int] = []
    serving: list[asyncio.Task[Any] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.current_task())
        connections.append(0)
        mine = len(connections) - 1
        while waiting and await reader.read(len(REQUEST)):
            connections[mine] += 1
            for part in waiting.pop(0):
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    pool = Pool("127.0.0.1", port, tls=None, connect_seconds=3.0, timeout=timeout)
    try:
        yield pool, connections
    finally:
        pool.close()
        server.close()
        await asyncio.gather(*filter(None, serving))


def run(story: Callable[[], Awaitable[Any]]) -> Any:
    return asyncio.run(story())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        pytest.param([NOTHING], (200, b""), id="no body"),
        pytest.param([b"HTTP/1.1 204 No Content\r\n\r\n"], (204, b""), id="204 has none"),
        pytest.param([b"HTTP/1.1 410 Gone\r\nContent-Length: 2\r\n\r\n{}"], (410, b"{}"), id="a body"),
        pytest.param([b"HTTP/1.1 410 Gone\r\nConte", b"nt-Length: 2\r\n\r\n{", b"}"], (410, b"{}"), id="in pieces"),
        pytest.param([b"HTTP/1.1 100 Continue\r\n\r\n" + NOTHING], (200, b""), id="after an interim answer"),
        pytest.param([CHUNKED, b"{\r\n1", b"\r\n}\r\n0\r\n\r\n"], (429, b"{}"), id="chunked"),
    ],
)
def test_what_is_read_whole_leaves_the_connection_usable(answer: list[bytes], reply: tuple[int, bytes]) -> None:
    """The next request goes over the same connection."""

    async def story() -> tuple[Reply, Reply, list[int]]:
        async with pool_to(answer, [NOTHING]) as (pool, connections):
            return await pool.request(REQUEST), await pool.request(REQUEST), connections

    first, second, connections = run(story)

    assert (first.status, first.body) == reply
    assert second.status == 200
    assert connections == [2]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param([b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"], id="the server says so"),
        pytest.param([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"], id="a success whose body is not awaited"),
    ],
)
def test_what_is_not_leaves_it_unused(answer: list[bytes]) -> None:
    """The next request goes over a connection of its own."""

    async def story() -> list[int]:
        async with pool_to(answer, [NOTHING]) as (pool, connections):
            assert (await pool.request(REQUEST)).status == 200
            assert (await pool.request(REQUEST)).status == 200
            return connections

    assert run(story) == [1, 1]


def test_what_nobody_asked_for_ends_the_connection() -> None:
    """A stray answer must not be taken for that to the next request."""

    async def story() -> int:
        async with pool_to([NOTHING, b""], [NOTHING]) as (pool, connections):
            connection = await pool._connect()
            await connection.exchange(REQUEST, pool._loop.time() + 5)
            connection.data_received(b"HTTP/1.1 500 Surprise\r\nContent-Length: 0\r\n\r\n")
            assert (await pool.request(REQUEST)).status == 200
            return len(connections)

    assert run(story) == 2


def test_requests_at_once_have_a_connection_each() -> None:
    """Nothing is ever pipelined."""

    async def story() -> list[int]:
        async with pool_to([NOTHING], [NOTHING], [NOTHING]) as (pool, connections):
            await asyncio.gather(*(pool.request(REQUEST) for _ in range(3)))
            return connections

    assert run(story) == [1, 1, 1]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param([], ConnectionGoneError, id="nothing"),
        pytest.param([b"HTTP/1.1 200 OK\r\nConte"], ConnectionGoneError, id="half a head"),
        pytest.param([b"SSH-2.0-x\r\n\r\n"], NotHttpError, id="another protocol"),
        pytest.param([b"HTTP/1.1 200 OK\r\nno header\r\n\r\n"], NotHttpError, id="no header"),
        pytest.param([b"X" * 20_000], NotHttpError, id="a head without end"),
    ],
)
def test_what_is_no_answer(answer: list[bytes], error: type[Exception]) -> None:
    """The caller learns whether it may try again."""

    async def story() -> None:
        async with pool_to(answer) as (pool, _):
            with pytest.raises(error):
                await pool.request(REQUEST)

    run(story)


def test_an_answer_that_does_not_come_is_given_up() -> None:
    """The request ends with TimeoutError while the server still reads."""

    async def read_only(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()  # not before: a writer that nobody holds closes its connection

    async def story() -> None:
        silent = await asyncio.start_server(read_only, "127.0.0.1", 0)
        port = silent.sockets[0].getsockname()[1]
        pool = Pool("127.0.0.1", port, tls=None, connect_seconds=3.0, timeout=0.01)
        with pytest.raises(TimeoutError):
            await pool.request(REQUEST)
        silent.close()

    run(story)


def test_a_name_with_several_addresses() -> None:
    """Where one of them does not answer, the next one is tried: `localhost` is often two."""

    async def story() -> int:
        async with pool_to([NOTHING], [NOTHING]) as (pool, connections):
            pool._addresses, pool._addresses_until = ["127.0.0.2", "127.0.0.1"], float("inf")
            assert (await pool.request(REQUEST)).status == 200
            return len(connections)

    assert run(story) == 1


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        pytest.param([b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab", b"cd"], b"abcd", id="in pieces"),
        pytest.param([b"HTTP/1.1 200 OK\r\n\r\nabcd"], b"abcd", id="until the connection ends"),
        pytest.param([b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab"], ConnectionGoneError, id="cut off"),
        pytest.param([b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabcdefghijk"], NotHttpError, id="too long"),
    ],
)
def test_whole_bodies(answer: list[bytes], outcome: bytes | type[Exception]) -> None:
    """A pool that is told how large a body may be waits for all of it."""

    async def story() -> bytes | type[Exception]:
        async with pool_to(answer) as (pool, _):
            pool.largest_body = 10
            try:
                return (await pool.request(REQUEST)).body
            except (ConnectionGoneError, NotHttpError) as error:
                return type(error)

    assert run(story) == outcome


def test_nobody_listens() -> None:
    """A refused connection is gone like any other."""

    async def story() -> None:
        async with pool_to() as (pool, _):
            pass
        with pytest.raises(ConnectionGoneError):
            await pool.request(REQUEST)

    run(story)


def test_a_head_is_read_as_it_is() -> None:
    """Names without regard to case, values without the blanks around them."""
    assert parse_head(b"HTTP/1.1 410 Gone\r\nX-Amzn-ErrorType:  GoneException ") == (
        410,
        {"x-amzn-errortype": "GoneException"},
    )


@pytest.mark.parametrize("status", ["²²²", "+20", "2_0"])
def test_a_status_that_is_none(status: str) -> None:
    """What Python would take for a number is none in HTTP."""
    with pytest.raises(NotHttpError):
        parse_head(f"HTTP/1.1 {status} X".encode("latin-1"))


@pytest.mark.parametrize("length", ["x", "-1", "", "²", "1_0", "9" * 5_000])
def test_a_length_that_is_none(length: str) -> None:
    """Nothing is guessed from it."""
    with pytest.raises(NotHttpError):
        whole_body(200, {"content-length": length}, b"")


@pytest.mark.parametrize("size", [b"", b"-6", b"+1", b"0x1", b"1_0", b"f" * 20])
def test_a_size_of_a_chunk_that_is_none(size: bytes) -> None:
    """A negative one would lead back to where it stands, for ever."""
    with pytest.raises(NotHttpError):
        whole_body(200, {"transfer-encoding": "chunked"}, size + b"\r\n{}\r\n0\r\n\r\n")
