"""What comes back over HTTP/1.1, read from bytes. Pure.

Only what the management API and ordinary backends answer with: a head, and a body that is counted or chunked.
"""

from typing import Final, NamedTuple

BODILESS: Final = frozenset({101, 204, 304})
"""Statuses whose answers have no body, whatever their headers say."""
MAX_DIGITS: Final = 15
"""Of a length. Python's own numbers may also have signs, underscores and the digits of other scripts; HTTP's may not."""
HEX_DIGITS: Final = b"0123456789abcdefABCDEF"


class Reply(NamedTuple):
    """A status, the headers under lower-case names, and the body, as far as the pool waits for bodies."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


class ConnectionGoneError(ConnectionError):
    """The connection could not be made, or ended before the answer. Whether the server has acted nobody knows."""


class NotHttpError(ValueError):
    """What came back is no HTTP, or too much of it."""


def parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    """Status and headers of a response, given everything before the empty line. Raises NotHttpError."""
    first, *lines = head.decode("latin-1").split("\r\n")
    if not first.startswith("HTTP/1.") or not _is_number(first[9:12]):
        raise NotHttpError(f"not an HTTP response: {first[:40]!r}")
    headers: dict[str, str] = {}
    for line in lines:
        name, separator, value = line.partition(":")
        if not separator:
            raise NotHttpError(f"not a header: {line[:40]!r}")
        headers.setdefault(name.lower(), value.strip())
    if first.startswith("HTTP/1.0"):
        headers["connection"] = "close"
    return int(first[9:12]), headers


def whole_body(status: int, headers: dict[str, str], data: bytes | bytearray) -> bytes | None:
    """The body, if `data` holds exactly all of it; None while something is missing. Raises NotHttpError."""
    if status in BODILESS:
        return b""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return _unchunked(data) if data.endswith(b"\r\n\r\n") else None
    length = headers.get("content-length")
    if length is None:
        return None  # it ends with the connection
    if not _is_number(length):
        raise NotHttpError(f"not a length: {length[:20]!r}")
    if len(data) > int(length):
        raise NotHttpError("more than was announced")
    return bytes(data) if len(data) == int(length) else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS


def _unchunked(data: bytes | bytearray) -> bytes | None:
    body, at = bytearray(), 0
    while True:
        line_end = data.find(b"\r\n", at)
        if line_end < 0:
            return None
        size = data[at:line_end].partition(b";")[0].strip(b" \t")
        if not 0 < len(size) <= MAX_DIGITS or size.strip(HEX_DIGITS):
            raise NotHttpError(f"not the size of a chunk: {bytes(data[at : at + 20])!r}")
        length = int(size, 16)
        at = line_end + 2
        if length == 0:
            return bytes(body)
        if len(data) < at + length + 2:
            return None
        body += data[at : at + length]
        at += length + 2
