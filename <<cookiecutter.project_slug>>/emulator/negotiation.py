"""Is a request a proper upgrade to WebSocket, and what is agreed to (RFC 6455, 4.2.1 and 4.2.2)? No I/O.

Extensions are the library's affair: the gateway knows one, permessage-deflate.
"""

import base64
import binascii
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from aiohttp import web
from websockets.exceptions import InvalidHeaderFormat, NegotiationError
from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.headers import build_extension, parse_extension
from websockets.typing import ExtensionParameter
from websockets.utils import accept_key

from emulator.refusal import HandshakeRefusedError

VERSION: Final = "13"
KEY_BYTES: Final = 16
SERVER_WINDOW_BITS: Final = 12
COMPRESSION_MEMORY_LEVEL: Final = 5
"""Keeps a compressing connection at 32 KiB instead of zlib's default of 144."""
BAD_REQUEST: Final = "Bad Request"
DEFLATE: Final = ServerPerMessageDeflateFactory(
    server_max_window_bits=SERVER_WINDOW_BITS, compress_settings={"memLevel": COMPRESSION_MEMORY_LEVEL}
)


class Agreement(NamedTuple):
    """What the gateway agrees to: the values of `Sec-WebSocket-Accept` and, unless empty, of `Sec-WebSocket-Extensions`."""

    accept: str
    extensions_header: str = ""
    extensions: Sequence[Extension] = ()


def negotiate(request: web.Request, *, compression: bool) -> Agreement:
    """What is agreed to.

    Raises HandshakeRefusedError: 426 for a plain HTTP request, 400, 405 or 505 for a malformed upgrade.
    """
    _check_request_line(request)
    headers = request.headers
    if "upgrade" not in _tokens(tuple(headers.getall("Connection", ()))):
        raise _refused("there is no Connection: Upgrade", 426, "Upgrade Required")
    if _tokens(tuple(headers.getall("Upgrade", ()))) != ("websocket",):
        raise _refused("there is no Upgrade: websocket", 426, "Upgrade Required")
    key = _only_value(request, "Sec-WebSocket-Key")
    if not _is_key(key):
        raise _refused("Sec-WebSocket-Key is malformed")
    if _only_value(request, "Sec-WebSocket-Version") != VERSION:
        raise _refused(f"Sec-WebSocket-Version is not {VERSION}")
    offers = headers.getall("Sec-WebSocket-Extensions", ()) if compression else ()
    return _agreement(accept_key(key), ", ".join(offers)) if offers else Agreement(accept_key(key))


def _refused(detail: str, status: int = 400, text: str = BAD_REQUEST) -> HandshakeRefusedError:
    return HandshakeRefusedError(status, text, detail=detail)


def _check_request_line(request: web.Request) -> None:
    if request.method != "GET":
        raise _refused(f"the method is {request.method}", 405, "Method Not Allowed")
    if request.version != (1, 1):
        raise _refused("the protocol is not HTTP/1.1", 505, "HTTP Version Not Supported")
    if request.body_exists:
        raise _refused("a handshake has no body")


@lru_cache(maxsize=256)
def _tokens(values: tuple[str, ...]) -> tuple[str, ...]:
    """The words of a header that is a list, which may be spread over several lines."""
    words = (word.strip(" \t").lower() for value in values for word in value.split(","))
    return tuple(word for word in words if word)


def _only_value(request: web.Request, name: str) -> str:
    values = request.headers.getall(name, ())
    if len(values) != 1:
        raise _refused(f"{name} is missing" if not values else f"{name} is there more than once")
    return values[0]


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == KEY_BYTES
    except (binascii.Error, ValueError):
        return False


def _agreement(accept: str, offers: str) -> Agreement:
    """The first offer of the extension that can be met; no agreement is needed about any."""
    for name, parameters in _parsed(offers):
        if name != DEFLATE.name:
            continue
        try:
            agreed, extension = DEFLATE.process_request_params(parameters, [])
        except NegotiationError:
            continue
        return Agreement(accept, build_extension([(DEFLATE.name, list(agreed))]).replace("; ", ";"), [extension])
    return Agreement(accept)


@lru_cache(maxsize=256)
def _parsed(offers: str) -> Sequence[tuple[str, Sequence[ExtensionParameter]]]:
    try:
        return parse_extension(offers)
    except InvalidHeaderFormat:
        raise _refused("Sec-WebSocket-Extensions is malformed") from None
