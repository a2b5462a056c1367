"""What the client gets back for a message. Pure.

The backend's body is sent only on a two-way route, unchanged and whatever its status; an empty body makes an empty frame
(AWS facts 4.1). The gateway's own error frames keep the connection open (AWS facts 4.2).
"""

import json
from typing import Final

INTERNAL_SERVER_ERROR: Final = "Internal server error"
TIMED_OUT: Final = "Endpoint request timed out"
FORBIDDEN: Final = "Forbidden"
TOO_MANY_REQUESTS: Final = "Too Many Requests"


def error_frame(message: str, *, connection_id: str, request_id: str) -> bytes:
    """A gateway error, with the spacing that was seen: one space after the first colon, none after the others."""
    text = f'{{"message": {json.dumps(message)}, "connectionId":"{connection_id}", "requestId":"{request_id}"}}'
    return text.encode()


def reply_to(body: bytes, *, two_way: bool) -> bytes | None:
    """The frame for a backend's answer, None where nothing is sent. Frames are text, so bytes that are none are replaced."""
    if not two_way:
        return None
    return body.decode("utf-8", "replace").encode()
