"""The WebSocket half of the handshake: is the request a proper upgrade, what is negotiated, and the 101 itself.

Headers of the 101 as seen from AWS (AWS facts 1.2): Date, Connection, Upgrade, Sec-WebSocket-Accept, and where they apply
Sec-WebSocket-Protocol and `Sec-WebSocket-Extensions: permessage-deflate;server_max_window_bits=12`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHeaderValue
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


@dataclass(frozen=True, slots=True)
class Offer:
    """A proper upgrade request, and what the gateway agrees to."""

    response_headers: Sequence[tuple[str, str]]
    extensions: Sequence[Extension]


def negotiate(request: web.Request, *, compression: bool) -> Offer:
    """Check the upgrade request.

    Raises HandshakeRefusedError: 426 for a plain HTTP request, 400 or 405 for a malformed upgrade.
    """
    if request.body_exists:
        raise HandshakeRefusedError(400, BAD_REQUEST, detail="a handshake has no body")
    factory = ServerPerMessageDeflateFactory(
        server_max_window_bits=SERVER_WINDOW_BITS, compress_settings={"memLevel": COMPRESSION_MEMORY_LEVEL}
    )
    protocol = ServerProtocol(extensions=[factory] if compression else None, logger=logger)
    version = f"HTTP/{request.version.major}.{request.version.minor}"
    response = protocol.accept(Request("/", _negotiated_headers(request), request.method, version))
    if response.status_code != 101:
        text = "Upgrade Required" if response.status_code == 426 else BAD_REQUEST
        raise HandshakeRefusedError(response.status_code, text, detail=str(protocol.handshake_exc or ""))
    return Offer([(name, _spelled(name, value)) for name, value in response.headers.raw_items()], protocol.extensions)


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


def switch_protocols(request: web.Request, socket: WebSocket, offer: Offer, subprotocol: str | None) -> web.Response:
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
    return web.Response()


def _spelled(name: str, value: str) -> str:
    return value.replace("; ", ";") if name == "Sec-WebSocket-Extensions" else value
