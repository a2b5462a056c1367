"""A handshake that is refused: an ordinary HTTP answer instead of 101."""

import json

from aiohttp import web


class HandshakeRefusedError(Exception):
    """Raised by the steps of the handshake.

    `status` and `message` go to the client (a message is AWS's; a backend's refusal has none, since its body is not passed on);
    `detail` goes to the log.
    """

    def __init__(
        self, status: int, message: str = "", *, detail: str = "", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.detail = detail
        self.headers = headers or {}

    def response(self) -> web.Response:
        """The answer, after which the connection is closed: a client that failed to upgrade has nothing more to say."""
        body = json.dumps({"message": self.message}).encode() if self.message else b""
        content_type = {"Content-Type": "application/json"} if body else {}
        response = web.Response(status=self.status, body=body, headers={**self.headers, **content_type})
        response.force_close()
        return response
