"""One management API over aiohttp: addresses, signatures, credentials, and answers read with care."""

import asyncio
import logging
import re
import ssl
import time
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from gateway import aws
from gateway.messaging.sigv4 import ConnectionPaths, Signer
from gateway.transports import NO_CALLBACK_URL, Answer, Method

logger = logging.getLogger(__name__)

CREDENTIALS_SECONDS: Final = 30.0
"""How often botocore is asked whether the credentials should be refreshed; it does so ten minutes before they expire."""
REFRESH_PAUSE_SECONDS: Final = 1.0
MAX_ANSWER_BYTES: Final = 4_096
CONNECT_SECONDS: Final = 3.0

_AWS_HOST = re.compile(r"\.execute-api\.([a-z0-9-]+)\.")
_DEFAULT_PORTS = {"https": 443, "http": 80}


def region_of(callback_url: str) -> str | None:
    """The region that an address of AWS names; a custom domain names none."""
    found = _AWS_HOST.search(urlsplit(callback_url).hostname or "")
    return found[1] if found else None


def host_header(callback_url: str) -> str:
    """The `Host` that goes over the wire and into the signature: with the port, unless it is the scheme's own."""
    parts = urlsplit(callback_url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return host if parts.port in {None, _DEFAULT_PORTS.get(parts.scheme)} else f"{host}:{parts.port}"


class Endpoint:
    """The management API behind one callback URL. Lives on the event loop."""

    def __init__(self, callback_url: str, session: aiohttp.ClientSession, timeout: float) -> None:
        parts = urlsplit(callback_url)
        self._usable = parts.scheme in _DEFAULT_PORTS and bool(parts.hostname)
        self.callback_url = callback_url
        self._session = session
        self._origin = f"{parts.scheme}://{host_header(callback_url)}"
        self._paths = ConnectionPaths(parts.path)
        self._host = host_header(callback_url)
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=min(timeout, CONNECT_SECONDS))
        self._signer: Signer | None = None
        self._credentials: aws.Credentials | None = None
        self._asked_on = self._unchanged_on = float("-inf")
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
        request = self._session.request(
            method,
            URL(self._origin + path, encoded=True),
            data=body or None,
            headers=signer.headers(method, canonical, body_digest, time.time()),
            timeout=self._timeout,
            allow_redirects=False,
            proxy=self._surroundings.proxy,
            ssl=self._surroundings.tls,
        )
        try:
            async with request as response:
                return await _read(response)
        except aiohttp.ClientConnectorCertificateError as error:
            return Answer(HTTPStatus.FORBIDDEN, "CertificateError", str(error))
        except (aiohttp.ConnectionTimeoutError, aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            return Answer(0, type(error).__name__, str(error), repeatable=True)
        except TimeoutError:
            # It may have arrived: to repeat it would risk a second copy for every call to a slow endpoint.
            return Answer(0, "Timeout", f"no answer within {self._timeout.total:g} s")
        except (aiohttp.ClientError, ValueError) as error:
            return Answer(0, type(error).__name__, str(error))

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
        """Asks botocore, unless somebody else has just done so: two hundred calls may be refused at the same moment."""
        async with self._refreshing:
            if self._signer is not known or time.monotonic() - self._unchanged_on < REFRESH_PAUSE_SECONDS:
                return
            if self._signer is None:
                self._surroundings = await asyncio.to_thread(Surroundings.of, self.callback_url)
            found = await asyncio.to_thread(aws.credentials)
            self._asked_on = time.monotonic()
            if found == self._credentials:
                self._unchanged_on = self._asked_on
            else:
                self._credentials = found
                self._signer = Signer(found, self._surroundings.region, self._host)


class Surroundings(NamedTuple):
    """What an address needs besides credentials."""

    region: str = ""
    proxy: str | None = None
    tls: ssl.SSLContext | bool = True

    @classmethod
    def of(cls, callback_url: str) -> "Surroundings":
        """As the environment and botocore's files have it. Reads files: not on an event loop."""
        tls = ssl.create_default_context(cafile=aws.certificates()) if callback_url.startswith("https:") else True
        return cls(region_of(callback_url) or aws.region(), aws.proxy_for(callback_url), tls)


async def _read(response: aiohttp.ClientResponse) -> Answer:
    """The answer, from the status and no more of the body than an error message needs: a body may be endless or cut off."""
    error = response.headers.get("x-amzn-ErrorType", "").partition(":")[0]
    if response.status < HTTPStatus.BAD_REQUEST:
        return Answer(response.status, error)
    try:
        text = (await response.content.read(MAX_ANSWER_BYTES)).decode("utf-8", "replace")
    except (aiohttp.ClientError, TimeoutError):
        text = ""
    return Answer(response.status, error or _field(text, "__type", "code"), _field(text, "message", "Message"))


def _field(text: str, *names: str) -> str:
    for name in names:
        found = re.search(rf'"{name}"\s*:\s*"([^"]*)"', text)
        if found:
            return found[1]
    return ""
