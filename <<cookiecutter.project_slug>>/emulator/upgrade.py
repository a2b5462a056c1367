"""The 101 itself: the socket takes the transport over from the HTTP server.

Headers of the 101 as seen from AWS (AWS facts 1.2): Date, Connection, Upgrade, Sec-WebSocket-Accept, and where they apply
Sec-WebSocket-Protocol and `Sec-WebSocket-Extensions: permessage-deflate;server_max_window_bits=12`.
"""

import time
from email.utils import formatdate
from functools import lru_cache

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from emulator.negotiation import Agreement
from emulator.web_socket import WebSocket


class HandedOver(web.StreamResponse):
    """The answer to a request whose transport belongs to a WebSocket by now: there is nothing to write."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        return


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


def switch_protocols(
    request: web.Request, socket: WebSocket, agreement: Agreement, subprotocol: str | None
) -> HandedOver:
    """Answer 101 and let the socket take the transport over from the HTTP server.

    Raises ConnectionResetError if the client has gone meanwhile.
    """
    transport = request.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError
    headers = [
        ("Date", _date(int(time.time()))),
        ("Connection", "upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Accept", agreement.accept),
    ]
    if agreement.extensions_header:
        headers.append(("Sec-WebSocket-Extensions", agreement.extensions_header))
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
