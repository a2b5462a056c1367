"""The WebSocket half of the handshake: is the request a proper upgrade, what is negotiated, and the 101 itself.

Headers of the 101 as seen from AWS (AWS facts 1.2): Date, Connection, Upgrade, Sec-WebSocket-Accept, and where they apply
Sec-WebSocket-Protocol and `Sec-WebSocket-Extensions: permessage-deflate;server_max_window_bits=12`.
"""

import time
from collections.abc import Sequence
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Final, NamedTuple

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from websockets.datastructures import Headers
from websockets.exceptions import (
    InvalidHandshake,
    InvalidHeaderValue,
    InvalidMethod,
    InvalidProtocol,
    InvalidUpgrade,
)
from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.http11 import Request
from websockets.server import ServerProtocol

from emulator.frames import logger
from emulator.refusal import HandshakeRefusedError
from emulator.web_socket import WebSocket

SERVER_WINDOW_BITS: Final = 12
COMPRESSION_MEMORY_LEVEL: Final = 5
"""Keeps a compressing connection at 32 KiB instead of zlib's default of 144."""
NEGOTIATED: Final = (
    "Connection",
    "Upgrade",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Version",
    "Sec-WebSocket-Extensions",
)
BAD_REQUEST: Final = "Bad Request"
STATUSES: Final[dict[type[InvalidHandshake], int]] = {InvalidMethod: 405, InvalidProtocol: 505, InvalidUpgrade: 426}
"""What a request that is no proper upgrade is refused with, by what is wrong with it; all else is 400."""


class Offer(NamedTuple):
    """A proper upgrade request, and what the gateway agrees to."""

    response_headers: Sequence[tuple[str, str]]
    extensions: Sequence[Extension]


class HandedOver(web.StreamResponse):
    """The answer to a request whose transport belongs to a WebSocket by now: there is nothing to write."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        return


class Negotiator:
    """Checks upgrade requests, one after the other: the library's view of a handshake, kept because it is dear to make.

    It holds nothing of one request that the next does not overwrite. Not to be shared between threads.
    """

    def __init__(self, *, compression: bool) -> None:
        factory = ServerPerMessageDeflateFactory(
            server_max_window_bits=SERVER_WINDOW_BITS, compress_settings={"memLevel": COMPRESSION_MEMORY_LEVEL}
        )
        self._protocol = ServerProtocol(extensions=[factory] if compression else None, logger=logger)

    def negotiate(self, request: web.Request) -> Offer:
        """What is agreed to.

        Raises HandshakeRefusedError: 426 for a plain HTTP request, 400 or 405 for a malformed upgrade.
        """
        if request.body_exists:
            raise HandshakeRefusedError(400, BAD_REQUEST, detail="a handshake has no body")
        version = f"HTTP/{request.version.major}.{request.version.minor}"
        try:
            accept, extensions, _ = self._protocol.process_request(
                Request("/", _negotiated_headers(request), request.method, version)
            )
        except InvalidHandshake as error:
            status = STATUSES.get(type(error), 400)
            text = BAD_REQUEST if status == 400 else HTTPStatus(status).phrase
            raise HandshakeRefusedError(status, text, detail=str(error)) from None
        headers = [
            ("Date", _date(int(time.time()))),
            ("Connection", "upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Accept", accept),
        ]
        if extensions is not None:
            headers.append(("Sec-WebSocket-Extensions", extensions.replace("; ", ";")))
        return Offer(headers, self._protocol.extensions)


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


def _negotiated_headers(request: web.Request) -> Headers:
    """The headers that the upgrade depends on; what else a client sends need not even be text."""
    headers = Headers()
    try:
        for name in NEGOTIATED:
            for value in request.headers.getall(name, ()):
                headers[name] = value
    except InvalidHeaderValue:
        raise HandshakeRefusedError(400, BAD_REQUEST, detail=f"{name} is malformed") from None
    return headers


def switch_protocols(request: web.Request, socket: WebSocket, offer: Offer, subprotocol: str | None) -> HandedOver:
    """Answer 101 and let the socket take the transport over from the HTTP server.

    Raises ConnectionResetError if the client has gone meanwhile.
    """
    transport = request.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError
    headers = [*offer.response_headers]
    if subprotocol is not None:
        headers.append(("Sec-WebSocket-Protocol", subprotocol))
    lines = [f"{name}: {value}\r\n" for name, value in headers]
    transport.write(
        ("HTTP/1.1 101 Switching Protocols\r\n" + "".join(lines) + "\r\n").encode("utf-8", "surrogateescape")
    )
    # The HTTP server believes the client has gone: it lets go of the request, and its answer to it goes nowhere.
    request.protocol.transport = None
    request.protocol.connection_lost(None)
    socket.take_over(transport)
    return HandedOver()
