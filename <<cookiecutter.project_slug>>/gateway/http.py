"""HTTP/1.1 to one origin over connections that are kept: what a fan-out and the emulator need, and no Django.

A general client spends five times the CPU of everything else in a fan-out, so the posts go through this one; proxies are left to
aiohttp. One request is under way on a connection at a time. Everything here runs on the event loop.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable
from typing import Any, Final

from gateway.http_reply import ConnectionGoneError, NotHttpError, Reply, parse_head, whole_body

MAX_HEAD_BYTES: Final = 16_384
MAX_ERROR_BYTES: Final = 16_384
"""More of an error's body than this is not waited for, where bodies do not matter."""
IDLE_SECONDS: Final = 50.0
"""AWS drops an idle connection after a minute; an older one is not used again."""
ADDRESS_SECONDS: Final = 30.0
SWEEP_SECONDS: Final = 0.25
"""How often connections are looked through for answers that are overdue."""


class Pool:
    """The connections to one origin. As many are opened as requests are made at once.

    `largest_body` is what is read of any answer, and more is an error. Without it an answer below 400 is final with its head, and
    an error's body is only read for what it says.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None,
        connect_seconds: float,
        timeout: float,
        idle_seconds: float = IDLE_SECONDS,
        largest_body: int | None = None,
    ) -> None:
        self.timeout = timeout
        self.largest_body = largest_body
        self._host = host
        self._port = port
        self._tls = tls
        self._connect_seconds = connect_seconds
        self._idle_seconds = idle_seconds
        self._loop = asyncio.get_running_loop()
        self._free: list[_Connection] = []
        self._open: set[_Connection] = set()
        self._addresses: list[str] = []
        self._addresses_until = 0.0
        self._resolving = asyncio.Lock()
        self._sweeping: asyncio.TimerHandle | None = None

    async def request(self, data: bytes) -> Reply:
        """Sends the bytes of one request and waits for the reply.

        Raises ConnectionGoneError, NotHttpError, TimeoutError, or ssl.SSLCertVerificationError.
        """
        connection = self._reusable() or await self._connect()
        try:
            return await connection.exchange(data, self._loop.time() + self.timeout)
        except asyncio.CancelledError:
            connection.abort()
            raise

    def close(self) -> None:
        """Drops every connection."""
        for connection in list(self._open):
            connection.abort()
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None

    def keep(self, connection: "_Connection") -> None:
        """The connection may be used again."""
        connection.idle_since = self._loop.time()
        self._free.append(connection)

    def forget(self, connection: "_Connection") -> None:
        """The connection has ended."""
        self._open.discard(connection)
        if connection in self._free:
            self._free.remove(connection)

    def _reusable(self) -> "_Connection | None":
        while self._free:
            connection = self._free.pop()
            if connection.is_usable and self._loop.time() - connection.idle_since < self._idle_seconds:
                return connection
            connection.abort()
        return None

    async def _connect(self) -> "_Connection":
        try:
            async with asyncio.timeout(self._connect_seconds):
                connection = await self._connect_to_any()
        except ssl.SSLCertVerificationError:
            raise
        except TimeoutError:
            raise ConnectionGoneError(f"no connection within {self._connect_seconds:g} s") from None
        except OSError as error:
            self._addresses_until = 0.0
            raise ConnectionGoneError(str(error)) from error
        self._open.add(connection)
        if self._sweeping is None:
            self._sweeping = self._loop.call_later(SWEEP_SECONDS, self._sweep)
        return connection

    async def _connect_to_any(self) -> "_Connection":
        """To the next of the origin's addresses, or to one of the others if it does not answer."""
        await self._find_addresses()
        failure: OSError = ConnectionRefusedError(f"{self._host} has no address")
        for _ in range(len(self._addresses)):
            self._addresses.append(self._addresses.pop(0))
            try:
                _, connection = await self._loop.create_connection(
                    lambda: _Connection(self),
                    self._addresses[-1],
                    self._port,
                    ssl=self._tls,
                    server_hostname=self._host if self._tls else None,
                )
            except ssl.SSLCertVerificationError:
                raise
            except OSError as error:
                failure = error
            else:
                return connection
        raise failure

    async def _find_addresses(self) -> None:
        """Asked for once for the many connections that a send opens."""
        async with self._resolving:
            if self._loop.time() >= self._addresses_until:
                found = await self._loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
                self._addresses = [str(entry[4][0]) for entry in found]
                self._addresses_until = self._loop.time() + ADDRESS_SECONDS

    def _sweep(self) -> None:
        now = self._loop.time()
        for connection in list(self._open):
            connection.give_up_if_late(now)
        self._sweeping = self._loop.call_later(SWEEP_SECONDS, self._sweep) if self._open else None


class _Connection(asyncio.Protocol):
    """One connection, and the request that is under way on it."""

    def __init__(self, pool: Pool) -> None:
        self.idle_since = 0.0
        self._pool = pool
        self._transport: Any = None
        self._reply: asyncio.Future[Reply] | None = None
        self._deadline = 0.0
        self._asked_for_head = False
        self._received: bytes | bytearray = b""
        self._head: tuple[int, dict[str, str]] | None = None

    @property
    def is_usable(self) -> bool:
        """Whether the server has not ended it meanwhile."""
        return not self._transport.is_closing()

    def exchange(self, data: bytes, deadline: float) -> Awaitable[Reply]:
        """Sends a request. The reply is due at `deadline` on the loop's clock."""
        if not self.is_usable:
            raise ConnectionGoneError("the server closed the connection")
        self._reply = asyncio.get_running_loop().create_future()
        self._deadline = deadline
        self._asked_for_head = data.startswith(b"HEAD ")
        self._transport.write(data)
        return self._reply

    def abort(self) -> None:
        """Drop it now."""
        self._pool.forget(self)
        self._transport.abort()

    def give_up_if_late(self, now: float) -> None:
        """End it when the reply is overdue."""
        if self._reply is not None and now > self._deadline:
            self._end(TimeoutError())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._reply is None:
            self.abort()  # nobody has asked for anything
            return
        if not self._received:
            self._received = data
        else:
            self._received = bytearray(self._received) if isinstance(self._received, bytes) else self._received
            self._received += data
        try:
            self._read()
        except NotHttpError as error:
            self._head = None
            self._end(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(ConnectionGoneError(str(exc or "the server closed the connection")))

    def _read(self) -> None:
        while self._head is None:
            head, separator, rest = self._received.partition(b"\r\n\r\n")
            if not separator:
                if len(head) > MAX_HEAD_BYTES:
                    raise NotHttpError("a head without end")
                return
            status, headers = parse_head(bytes(head))
            self._received = rest
            if status >= 200 or status == 101:
                self._head = status, headers
        status, headers = self._head
        body = b"" if self._asked_for_head else whole_body(status, headers, self._received)
        largest = self._pool.largest_body
        if body is not None:
            self._answer(body, reusable=status != 101 and headers.get("connection", "").lower() != "close")
        elif largest is None and (status < 400 or len(self._received) > MAX_ERROR_BYTES):
            self._answer(bytes(self._received), reusable=False)
        elif largest is not None and len(self._received) > largest:
            raise NotHttpError("the answer is too long")

    def _answer(self, body: bytes, *, reusable: bool) -> None:
        reply, self._reply = self._reply, None
        head, self._head, self._received = self._head, None, b""
        if reusable:
            self._pool.keep(self)
        else:
            self.abort()
        if head is not None and reply is not None and not reply.done():
            reply.set_result(Reply(*head, body))

    def _end(self, error: Exception) -> None:
        """There will be no more: either that is where the body ends, or what has come must do, or the answer is missing."""
        self.abort()
        if self._head is not None and (self._pool.largest_body is None or self._ends_here(error)):
            self._answer(bytes(self._received), reusable=False)
        elif self._reply is not None and not self._reply.done():
            self._reply.set_exception(error)
        self._reply = None

    def _ends_here(self, error: Exception) -> bool:
        headers = self._head[1] if self._head else {}
        announced = "content-length" in headers or "transfer-encoding" in headers
        return isinstance(error, ConnectionGoneError) and not announced
