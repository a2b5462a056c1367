"""One call of the control plane, and what the operations share: look-ups, merging, pages."""

import base64
import binascii
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

from emulator.control.errors import BadRequestError, NotFoundError
from emulator.state import Api, Record, State, Table

# The REST control plane's default. None is published for v2; a small one finds callers that forget to page.
DEFAULT_PAGE_SIZE = 25
MAX_PAGE_SIZE = 100

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """Checked parameters of one call, and what it needs of the world."""

    ids: Record
    """From the path and the query string."""
    fields: Record
    """From the body."""
    now: str
    """ISO 8601, as answers show it."""
    new_id: Callable[[int], str]
    """A fresh id of so many characters."""
    socket_base: str
    """Where this server is reached: `ws://127.0.0.1:8001`."""
    region: str
    refused_sources: Collection[str] = ()
    """Mapping sources to refuse, such as `context.disconnectReason`, which AWS may or may not accept."""


Operation = Callable[[State, Call], Record | None]
"""Checks everything first and changes the state last: a refused call leaves no trace."""


def found(table: Mapping[str, T], key: str, kind: str) -> T:
    """The entry of that id.

    Raises:
        NotFoundError: there is none.
    """
    if key not in table:
        raise NotFoundError(f"Invalid {kind} identifier specified {key}")
    return table[key]


def api_of(state: State, call: Call) -> Api:
    """The API that the call's path names.

    Raises:
        NotFoundError: there is none.
    """
    return found(state.apis, call.ids["ApiId"], "API")


def merged(old: Record, changes: Record) -> Record:
    """PATCH as AWS does it: what is absent stays, maps merge, and an empty string removes."""
    result = dict(old)
    for name, value in changes.items():
        if value == "":
            result.pop(name, None)
        elif isinstance(value, dict):
            result[name] = merged(result.get(name, {}), value)
        else:
            result[name] = value
    return result


def page(table: Table, call: Call) -> Record:
    """One page of a list. The token names the last resource shown, so deletions between two pages lose nothing.

    Raises:
        BadRequestError: MaxResults or NextToken make no sense.
    """
    size = _page_size(call.ids.get("MaxResults", str(DEFAULT_PAGE_SIZE)))
    token = call.ids.get("NextToken")
    after = _position(token) if token else ""
    keys = sorted(key for key in table if key > after)
    items = [table[key] for key in keys[:size]]
    return {"Items": items, "NextToken": _token(keys[size - 1]) if len(keys) > size else None}


def refuse_unsupported(fields: Record, reasons: Mapping[str, str]) -> None:
    """Refuses members that this emulator, or AWS for a WebSocket API, has no use for.

    Raises:
        BadRequestError: one was sent; the message says why it is refused.
    """
    for name, reason in reasons.items():
        if fields.get(name):
            raise BadRequestError(f"{name} is not emulated: {reason}.")


def _page_size(text: str) -> int:
    size = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
    if not 1 <= size <= MAX_PAGE_SIZE:
        raise BadRequestError(f"MaxResults must be between 1 and {MAX_PAGE_SIZE}.")
    return size


def _token(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _position(token: str) -> str:
    try:
        return base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise BadRequestError("NextToken is not one of ours.") from None
