"""From what a handler returns to what API Gateway hands to the client."""

import re
from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpResponse, HttpResponseBase, JsonResponse

from gateway import wire

_SUBPROTOCOL: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}", re.ASCII)


def reply(body: Mapping[str, Any], result: Any, *, ping: bool = False) -> HttpResponseBase:
    """The answer to a message.

    A dict comes back with `reply_to`, the client's own `id`, if it sent one. None tells a client that sent an id that all is well,
    and any other client nothing: an empty body, which clients ignore. Raises TypeError for what no client could read.
    """
    if isinstance(result, HttpResponseBase):
        return result
    if ping:
        result = wire.pong_frame()
    answer_to = body.get("id")
    if result is None:
        return HttpResponse() if answer_to is None else JsonResponse({"type": "ok", "reply_to": answer_to})
    if not isinstance(result, dict):
        raise TypeError(f"A handler returns a dict, None or an HttpResponse, not {type(result).__name__}.")
    if answer_to is not None:
        result = result | {"reply_to": answer_to}
    return JsonResponse(result, json_dumps_params={"allow_nan": False})


def connected(subprotocol: str | None) -> HttpResponse:
    """The answer that lets a connection be. API Gateway passes on exactly one header of it: the subprotocol."""
    response = HttpResponse()
    if subprotocol:
        response["Sec-WebSocket-Protocol"] = subprotocol
    return response


def choose_subprotocol(offered: list[str]) -> str | None:
    """The first one that is well-formed."""
    return next((name for name in offered if _SUBPROTOCOL.fullmatch(name)), None)
