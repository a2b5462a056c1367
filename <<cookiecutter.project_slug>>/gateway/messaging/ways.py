"""How a signed call gets to its endpoint: over connections of our own, or with aiohttp where a proxy stands between."""

import re
import ssl
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, Protocol
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from gateway.http import Pool
from gateway.http_reply import ConnectionGoneError, NotHttpError
from gateway.transports import CONNECT_SECONDS, Answer, Method

MAX_ANSWER_BYTES: Final = 4_096
DEFAULT_PORTS: Final = {"https": 443, "http": 80}


def host_header(callback_url: str) -> str:
    """The `Host` that goes over the wire and into the signature: with the port, unless it is the scheme's own."""
    parts = urlsplit(callback_url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return host if parts.port in {None, DEFAULT_PORTS.get(parts.scheme)} else f"{host}:{parts.port}"


class Way(Protocol):
    """Makes calls to one endpoint. Never raises for what the network or AWS did."""

    async def call(self, method: Method, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer to one call; `path` is as it goes over the wire."""

    def close(self) -> None:
        """Drops its connections."""


class Direct:
    """Over connections that are kept."""

    def __init__(self, callback_url: str, tls: ssl.SSLContext | None, timeout: float) -> None:
        parts = urlsplit(callback_url)
        self._host = host_header(callback_url)
        port = parts.port or DEFAULT_PORTS[parts.scheme]
        connect_seconds = min(timeout, CONNECT_SECONDS)
        self._pool = Pool(parts.hostname or "", port, tls=tls, connect_seconds=connect_seconds, timeout=timeout)

    async def call(self, method: Method, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer to one call."""
        lines = [f"{method} {path} HTTP/1.1\r\nHost: {self._host}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines.append(f"Content-Length: {len(body)}\r\n\r\n")
        try:
            reply = await self._pool.request("\r\n".join(lines).encode("latin-1") + body)
        except ssl.SSLCertVerificationError as error:
            return Answer(HTTPStatus.FORBIDDEN, "CertificateError", str(error))
        except ConnectionGoneError as error:
            return Answer(0, "ConnectionGone", str(error), repeatable=True)
        except TimeoutError:
            return no_answer(self._pool.timeout)
        except NotHttpError as error:
            return Answer(0, "NotHttp", str(error))
        return answer_of(reply.status, reply.headers.get("x-amzn-errortype", ""), reply.body)

    def close(self) -> None:
        """Drops its connections."""
        self._pool.close()


class Proxied:
    """Through a proxy, which aiohttp knows how to ask."""

    def __init__(
        self, callback_url: str, session: aiohttp.ClientSession, proxy: str, tls: ssl.SSLContext | None, timeout: float
    ) -> None:
        self._origin = f"{urlsplit(callback_url).scheme}://{host_header(callback_url)}"
        self._session = session
        self._proxy = proxy
        self._tls = tls or True
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=min(timeout, CONNECT_SECONDS))

    async def call(self, method: Method, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer to one call."""
        request = self._session.request(
            method,
            URL(self._origin + path, encoded=True),
            data=body or None,
            headers=headers,
            timeout=self._timeout,
            allow_redirects=False,
            proxy=self._proxy,
            ssl=self._tls,
        )
        try:
            async with request as response:
                return await _read(response)
        except aiohttp.ClientConnectorCertificateError as error:
            return Answer(HTTPStatus.FORBIDDEN, "CertificateError", str(error))
        except (aiohttp.ConnectionTimeoutError, aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            return Answer(0, type(error).__name__, str(error), repeatable=True)
        except TimeoutError:
            return no_answer(self._timeout.total or 0.0)
        except (aiohttp.ClientError, ValueError) as error:
            return Answer(0, type(error).__name__, str(error))

    def close(self) -> None:
        """The session is not its own."""


def no_answer(seconds: float) -> Answer:
    """It may have arrived: to repeat it would risk a second copy for every call to a slow endpoint."""
    return Answer(0, "Timeout", f"no answer within {seconds:g} s")


async def _read(response: aiohttp.ClientResponse) -> Answer:
    """The answer, from the status and no more of the body than an error message needs: a body may be endless or cut off."""
    body = b""
    if response.status >= HTTPStatus.BAD_REQUEST:
        try:
            body = await response.content.read(MAX_ANSWER_BYTES)
        except (aiohttp.ClientError, TimeoutError):
            body = b""
    return answer_of(response.status, response.headers.get("x-amzn-ErrorType", ""), body)


def answer_of(status: int, error_type: str, body: bytes) -> Answer:
    """What an answer says, from its status, its `x-amzn-ErrorType` and its body."""
    error = error_type.partition(":")[0]
    if status < HTTPStatus.BAD_REQUEST:
        return Answer(status, error)
    text = body[:MAX_ANSWER_BYTES].decode("utf-8", "replace")
    return Answer(status, error or _field(text, "__type", "code"), _field(text, "message", "Message"))


def _field(text: str, *names: str) -> str:
    for name in names:
        found = re.search(rf'"{name}"\s*:\s*"([^"]*)"', text)
        if found:
            return found[1]
    return ""
