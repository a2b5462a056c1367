"""The HTTP call to the backend: one attempt, no redirect followed, a bounded answer, and AWS's timeout."""

import asyncio
from dataclasses import dataclass
from typing import Final

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from emulator import replies
from emulator.backend_request import BackendRequest
from emulator.clock import Clock, sleep, time_limit
from gateway import limits

MAX_ANSWER_BYTES: Final = 10_485_760
"""AWS's limit for a payload is 10 MB on REST APIs; for WebSocket APIs none is published."""
MAX_CONNECTIONS: Final = 512
KEEP_ALIVE_SECONDS: Final = 1.0
"""Shorter than any server's, so that a call never meets a connection that is being closed."""
OWN_HEADERS: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the backend answered. `subprotocol` is its `Sec-WebSocket-Protocol` header, None without."""

    status: int
    body: bytes
    subprotocol: str | None
    latency_ms: float

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


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
        self._session: aiohttp.ClientSession | None = None
        self._under_way = 0
        self.idle = asyncio.Event()
        """Set while no call is under way."""
        self.idle.set()

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS, keepalive_timeout=KEEP_ALIVE_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            skip_auto_headers=OWN_HEADERS,
        )

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()

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
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # The text of these errors may hold the URL, and so a token.
            raise IntegrationCallError(type(error).__name__, status=502) from None
        finally:
            self._under_way -= 1
            if not self._under_way:
                self.idle.set()

    async def _attempt(self, request: BackendRequest, started: float) -> Answer:
        if self._session is None:
            raise IntegrationCallError("the emulator is stopping", status=502)
        async with self._session.request(
            request.method,
            URL(request.url, encoded=True),
            headers=CIMultiDict(request.headers),
            data=request.body or None,
            allow_redirects=False,
        ) as response:
            body = await _read(response)
            latency = (self._clock.now() - started) * 1000
            return Answer(response.status, body, response.headers.get("Sec-WebSocket-Protocol"), latency)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Read all of an answer, so that its connection can be used again, but keep no more than shows that it is too long."""
    chunks: list[bytes] = []
    size = kept = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > MAX_ANSWER_BYTES:
            response.close()
            raise IntegrationCallError("the answer is too long", status=502)
        if kept <= limits.MAX_MESSAGE_BYTES:
            chunks.append(chunk)
            kept += len(chunk)
    return b"".join(chunks)
