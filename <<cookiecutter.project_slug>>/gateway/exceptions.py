"""The tree of refusals. Each has a stable code, an HTTP status and one sentence.

Refusal
+-- StrangerRefusal             the caller may not be our gateway: no detail in the answer, no row written
|   +-- SecretWrong             secret_wrong            403
|   +-- HeaderMissing           header_missing          400
|   +-- HeaderInvalid           header_invalid          400
|   +-- ApiUnknown              api_unknown             403
+-- LoginRequired               login_required          401
+-- RateLimited                 rate_limited            429
+-- DomainUnknown               domain_unknown          403
+-- OriginNotAllowed            origin_not_allowed      403
+-- ConnectionIdInvalid         connection_id_invalid   400
+-- ChannelInvalid              channel_invalid         400
+-- ChannelForbidden            channel_forbidden       403
+-- TokenMissing                token_missing           401
+-- TokenInvalid                token_invalid           401
+-- PermissionMissing           permission_denied       403
+-- BodyTooLarge                body_too_large          413
+-- BodyNotJson                 body_not_json           400
+-- SessionUnknown              session_unknown         410
+-- LoginEnded                  login_ended             401
+-- UserAgentChanged            user_agent_changed      403
+-- HandlerUnknown              handler_unknown         404
+-- PayloadInvalid              payload_invalid         422
+-- MessageRateLimited          message_rate_limited    429
+-- InternalError               internal_error          500
"""

from typing import Any, ClassVar


class Refusal(Exception):  # noqa: N818  (a refusal is an answer, not a fault)
    """An event or request that is answered with a code instead of being carried out.

    `detail` is for logs and the admin; it must never hold a secret, a token or a session key. `errors` is for the client:
    what is wrong with which field. `retry_after` is in whole seconds.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 403
    message: ClassVar[str] = "The request was refused."

    def __init__(self, detail: str = "", *, errors: Any = None, retry_after: int | None = None) -> None:
        super().__init__(detail or self.message)
        self.detail = detail
        self.errors = errors
        self.retry_after = retry_after


class StrangerRefusal(Refusal):
    """Refused before it is known that our own gateway is calling."""


class SecretWrong(StrangerRefusal):
    code, status, message = "secret_wrong", 403, "The gateway's shared secret is wrong."


class HeaderMissing(StrangerRefusal):
    code, status, message = "header_missing", 400, "A header that API Gateway maps is missing."


class HeaderInvalid(StrangerRefusal):
    code, status, message = "header_invalid", 400, "A header that API Gateway maps has an impossible value."


class ApiUnknown(StrangerRefusal):
    code, status, message = "api_unknown", 403, "The API id belongs to no gateway of this project."


class LoginRequired(Refusal):
    code, status, message = "login_required", 401, "Sign in first."


class RateLimited(Refusal):
    code, status, message = "rate_limited", 429, "Too many attempts. Wait a little and try again."


class DomainUnknown(Refusal):
    code, status, message = "domain_unknown", 403, "The connection came through an address that is not this gateway's."


class OriginNotAllowed(Refusal):
    code, status, message = "origin_not_allowed", 403, "This page's origin may not open a connection here."


class ConnectionIdInvalid(Refusal):
    code, status, message = "connection_id_invalid", 400, "The connection id is malformed or already used."


class ChannelInvalid(Refusal):
    code, status, message = "channel_invalid", 400, "A channel name has letters, digits, hyphens and underscores only."


class ChannelForbidden(Refusal):
    code, status, message = "channel_forbidden", 403, "You may not join this channel."


class TokenMissing(Refusal):
    code, status, message = "token_missing", 401, "A connection needs a one-time token."


class TokenInvalid(Refusal):
    code, status, message = "token_invalid", 401, "The one-time token is unknown, used, expired or another login's."


class PermissionMissing(Refusal):
    code, status, message = "permission_denied", 403, "You do not have the permission this needs."


class BodyTooLarge(Refusal):
    code, status, message = "body_too_large", 413, "The message is too large."


class BodyNotJson(Refusal):
    code, status, message = "body_not_json", 400, "A message is a JSON object."


class SessionUnknown(Refusal):
    code, status, message = "session_unknown", 410, "This connection is not, or no longer, known. Connect again."


class LoginEnded(Refusal):
    code, status, message = "login_ended", 401, "The login this connection was opened with has ended."


class UserAgentChanged(Refusal):
    code, status, message = "user_agent_changed", 403, "The connection was opened by another client."


class HandlerUnknown(Refusal):
    code, status, message = "handler_unknown", 404, "There is no such handler."


class PayloadInvalid(Refusal):
    code, status, message = "payload_invalid", 422, "The message does not have the expected shape."


class MessageRateLimited(Refusal):
    code, status, message = "message_rate_limited", 429, "Too many messages. Slow down."


class InternalError(Refusal):
    code, status, message = "internal_error", 500, "The server failed to handle this message."


class GatewayMissing(Refusal):
    code, status, message = "gateway_missing", 503, "There is no gateway yet. Run: manage.py provision_gateway"


def refusals() -> dict[str, type[Refusal]]:
    """Every refusal by its code."""
    found: dict[str, type[Refusal]] = {}
    waiting = [Refusal]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind is not StrangerRefusal:
            found[kind.code] = kind
    return found
