"""One management API: its address, and the signatures and credentials of calls to it."""

import asyncio
import logging
import ssl
import time
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import aiohttp

from gateway import aws
from gateway.messaging.sigv4 import ConnectionPaths, Signer
from gateway.messaging.ways import Direct, Proxied, Way, host_header
from gateway.transports import NO_CALLBACK_URL, Answer, Method, is_address, region_of

logger = logging.getLogger(__name__)

CREDENTIALS_SECONDS: Final = 30.0
"""How often botocore is asked whether the credentials should be refreshed; it does so ten minutes before they expire."""
REFRESH_PAUSE_SECONDS: Final = 1.0


class Endpoint:
    """The management API behind one callback URL. Lives on the event loop."""

    def __init__(self, callback_url: str, session: aiohttp.ClientSession, timeout: float) -> None:
        self._usable = is_address(callback_url)
        self.callback_url = callback_url
        self._session = session
        self._paths = ConnectionPaths(urlsplit(callback_url).path if self._usable else "")
        self._host = host_header(callback_url) if self._usable else ""
        self._timeout = timeout
        self._way: Way | None = None
        self._signer: Signer | None = None
        self._credentials: aws.Credentials | None = None
        self._asked_on = self._in_vain_on = float("-inf")
        self._missing = ""
        self._asking: asyncio.Task[None] | None = None
        self._refreshing = asyncio.Lock()
        self._surroundings = Surroundings()

    async def call(self, method: Method, connection_id: str, body: bytes, body_digest: str) -> Answer:
        """Makes one signed call. A 403 is tried again once if the credentials have changed meanwhile."""
        if not self._usable:
            return NO_CALLBACK_URL
        try:
            signer = await self._current_signer()
            answer = await self._call(signer, method, connection_id, body, body_digest)
            if answer.status == HTTPStatus.FORBIDDEN and await self._has_newer(signer):
                answer = await self._call(await self._current_signer(), method, connection_id, body, body_digest)
        except aws.CredentialsMissing as error:
            return Answer(HTTPStatus.FORBIDDEN, "CredentialsMissing", str(error))
        return answer

    async def _call(self, signer: Signer, method: Method, connection_id: str, body: bytes, body_digest: str) -> Answer:
        path, canonical = self._paths.of(connection_id)
        if self._way is None:
            self._way = self._surroundings.way_to(self.callback_url, self._session, self._timeout)
        return await self._way.call(method, path, signer.headers(method, canonical, body_digest, time.time()), body)

    def close(self) -> None:
        """Drops its connections."""
        if self._way is not None:
            self._way.close()

    async def _current_signer(self) -> Signer:
        if self._signer is None:
            await self._refresh(None)
        elif time.monotonic() - self._asked_on > CREDENTIALS_SECONDS and self._asking is None:
            self._asking = asyncio.create_task(self._refresh_aside(self._signer))
        if self._signer is None:
            raise aws.CredentialsMissing("There are no AWS credentials.")
        return self._signer

    async def _has_newer(self, signer: Signer) -> bool:
        await self._refresh(signer)
        return self._signer is not signer

    async def _refresh_aside(self, signer: Signer) -> None:
        try:
            await self._refresh(signer)
        except aws.CredentialsMissing as error:
            logger.warning("%s The old ones are used as long as they last.", error)
        finally:
            self._asking = None

    async def _refresh(self, known: Signer | None) -> None:
        """Asks botocore, unless somebody else has just done so in vain: two hundred calls may be refused at the same moment."""
        async with self._refreshing:
            if self._signer is known and time.monotonic() - self._in_vain_on >= REFRESH_PAUSE_SECONDS:
                self._missing = await self._ask()
            if self._signer is known and self._missing:
                raise aws.CredentialsMissing(self._missing)

    async def _ask(self) -> str:
        """Takes on what botocore has; returns what it says if it has nothing."""
        try:
            if self._signer is None:
                self._surroundings = await asyncio.to_thread(Surroundings.of, self.callback_url)
            found = await asyncio.to_thread(aws.credentials)
        except aws.CredentialsMissing as error:
            self._asked_on = self._in_vain_on = time.monotonic()
            return str(error)
        self._asked_on = time.monotonic()
        if found == self._credentials:
            self._in_vain_on = self._asked_on
        else:
            self._credentials = found
            self._signer = Signer(found, self._surroundings.region, self._host)
        return ""


class Surroundings(NamedTuple):
    """What an address needs besides credentials."""

    region: str = ""
    proxy: str | None = None
    tls: ssl.SSLContext | None = None

    @classmethod
    def of(cls, callback_url: str) -> "Surroundings":
        """As the environment and botocore's files have it. Reads files: not on an event loop."""
        tls = ssl.create_default_context(cafile=aws.certificates()) if callback_url.startswith("https:") else None
        return cls(region_of(callback_url) or aws.region(), aws.proxy_for(callback_url), tls)

    def way_to(self, callback_url: str, session: aiohttp.ClientSession, timeout: float) -> Way:
        """How calls get there."""
        if self.proxy:
            return Proxied(callback_url, session, self.proxy, self.tls, timeout)
        return Direct(callback_url, self.tls, timeout)
