"""The HTTP call to the backend: one attempt, no redirect followed, a bounded answer, and AWS's timeout."""

import asyncio
import ssl
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from emulator import replies
from emulator.backend_request import BackendRequest
from emulator.clock import Clock, sleep, time_limit
from gateway.http import Pool

MAX_ANSWER_BYTES: Final = 10_485_760
"""AWS's limit for a payload is 10 MB on REST APIs; for WebSocket APIs none is published."""
MAX_CONNECTIONS: Final = 512
KEEP_ALIVE_SECONDS: Final = 1.0
"""Shorter than any server's, so that a call never meets a connection that is being closed."""
LONGEST_SECONDS: Final = 3_600.0
"""The emulator's own clock ends a call that takes too long; this only catches what a stopped clock would leave behind."""
DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Answer(NamedTuple):
    """What the backend answered. `subprotocol` is its `Sec-WebSocket-Protocol` header, None without."""

    status: int
    body: bytes
    subprotocol: str | None
    latency_ms: float

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


class Origin(NamedTuple):
    """A server that answers HTTP."""

    scheme: str
    host: str
    port: int

    @property
    def host_header(self) -> str:
        """With the port, unless that is the scheme's own."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == DEFAULT_PORTS[self.scheme] else f"{name}:{self.port}"


class IntegrationCallError(Exception):
    """The backend could not be called, or gave no usable answer.

    `status` is what a handshake is refused with, `message` what a message is answered with; the exception's own text is for
    the log.
    """

    def __init__(self, detail: str, *, status: int, message: str = replies.INTERNAL_SERVER_ERROR) -> None:
        super().__init__(detail)
        self.status = status
        self.message = message


class Backend:
    """Calls backends. Start it on the event loop that uses it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pools: dict[Origin, Pool] | None = None
        self._turns = asyncio.Semaphore(MAX_CONNECTIONS)
        self._under_way = 0
        self.idle = asyncio.Event()
        """Set while no call is under way."""
        self.idle.set()

    async def start(self) -> None:
        self._pools = {}

    async def stop(self) -> None:
        pools, self._pools = self._pools or {}, None
        for pool in pools.values():
            pool.close()

    async def call(self, request: BackendRequest, *, timeout_ms: int, delay: float = 0.0) -> Answer:
        """Make the call, `delay` seconds from now.

        Raises IntegrationCallError: 504 when the backend does not answer in time, 502 when it cannot be reached, answers something
        that is not HTTP, or more than `MAX_ANSWER_BYTES`.
        """
        started = self._clock.now()
        self._under_way += 1
        self.idle.clear()
        try:
            async with time_limit(self._clock, timeout_ms / 1000):
                if delay:
                    await sleep(self._clock, delay)
                return await self._attempt(request, started)
        except TimeoutError:
            raise IntegrationCallError(
                f"no answer within {timeout_ms} ms", status=504, message=replies.TIMED_OUT
            ) from None
        except (OSError, ValueError) as error:
            # The text of these errors may hold the URL, and so a token.
            raise IntegrationCallError(type(error).__name__, status=502) from None
        finally:
            self._under_way -= 1
            if not self._under_way:
                self.idle.set()

    async def _attempt(self, request: BackendRequest, started: float) -> Answer:
        origin, target = split_url(request.url)
        if self._pools is None:
            raise IntegrationCallError("the emulator is stopping", status=502)
        pool = self._pools.get(origin)
        if pool is None:
            pool = self._pools[origin] = _pool(origin)
        async with self._turns:
            reply = await pool.request(request_bytes(request, target, origin.host_header))
        latency = (self._clock.now() - started) * 1000
        return Answer(reply.status, reply.body, reply.headers.get("sec-websocket-protocol"), latency)


def _pool(origin: Origin) -> Pool:
    return Pool(
        origin.host,
        origin.port,
        tls=ssl.create_default_context() if origin.scheme == "https" else None,
        connect_seconds=LONGEST_SECONDS,
        timeout=LONGEST_SECONDS,
        idle_seconds=KEEP_ALIVE_SECONDS,
        largest_body=MAX_ANSWER_BYTES,
    )


def split_url(url: str) -> tuple[Origin, str]:
    """Where to connect, and what the request line asks for there. Raises ValueError."""
    address, _, query = url.partition("#")[0].partition("?")
    origin, path = _split_address(address)
    return origin, f"{path}?{query}" if query else path


@lru_cache(maxsize=256)
def _split_address(address: str) -> tuple[Origin, str]:
    """The part of a URL that is the same for all calls of an integration; what follows it may hold a token, and is not kept."""
    parts = urlsplit(address)
    scheme, host = parts.scheme.lower(), parts.hostname
    if scheme not in DEFAULT_PORTS or not host:
        raise ValueError("not an HTTP address")
    return Origin(scheme, host, parts.port or DEFAULT_PORTS[scheme]), parts.path or "/"


def request_bytes(request: BackendRequest, target: str, host: str) -> bytes:
    """The request as it goes over the wire. Raises ValueError where a header would end early, or begin another one."""
    lines = [f"{request.method} {target} HTTP/1.1"]
    if "host" not in map(str.lower, request.mapped):
        lines.append(f"Host: {host}")
    lines += [f"{name}: {value}" for name, value in request.headers]
    head = "\r\n".join(lines)
    if "\0" in head or head.count("\r") + head.count("\n") != 2 * len(lines) - 2:
        raise ValueError("a header or the path holds a line break")
    return head.encode() + b"\r\n\r\n" + request.body
