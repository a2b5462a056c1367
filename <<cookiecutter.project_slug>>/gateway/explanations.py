"""For each refusal, what helps. Read by `manage.py explain_refusal` and by the admin."""

from typing import Final

from gateway.exceptions import Refusal, refusals

REMEDIES: Final[dict[str, str]] = {
    "refused": "See the detail.",
    "secret_wrong": "Provision again after changing WEBSOCKET_SECRETS; the first one is what API Gateway sends.",
    "header_missing": "Provision again: the integration does not map every header of gateway/wire.py.",
    "header_invalid": "Provision again: an integration points at the wrong URL, or something before Django changes headers.",
    "api_unknown": "Register the gateway in this database (manage.py register_gateway), or remove the old API on AWS.",
    "login_required": "Sign in, then try again.",
    "rate_limited": "Wait. If this is ordinary use, raise RATE_LIMIT_MAX_ATTEMPTS (connections) or TOKEN_LIMIT (tokens).",
    "domain_unknown": "Connect to the address that the token endpoint gives, or set the gateway's domain_name.",
    "origin_not_allowed": "Add the page's origin to WEBSOCKET_ALLOWED_ORIGINS if the page is yours.",
    "connection_id_invalid": "Connect again. Seen often, something replays requests to this site.",
    "channel_invalid": "Ask for a channel of letters, digits, hyphens and underscores, not longer than MAX_CHANNEL_NAME_LENGTH.",
    "channel_forbidden": "Give the channel a ChannelPermission that includes the user, or override can_join_channel.",
    "token_missing": "Fetch a token from the token endpoint before each attempt and put it in the query string as ws_token.",
    "token_invalid": "Fetch a fresh token for each attempt: it works once, for TOKEN_LIFETIME seconds, for one login.",
    "permission_denied": "Give the user the permission that the view, the handler or the channel needs.",
    "body_too_large": "Send less, or raise MAX_BODY_SIZE; API Gateway itself carries 128 KB.",
    "body_not_json": "Send a JSON object in UTF-8, without NaN, NUL characters, lone surrogates or very deep nesting.",
    "session_unknown": "Connect again. The connection ended, is two hours old, or belongs to another gateway.",
    "login_ended": "Sign in and connect again: there was a logout, a new password, or the account was deactivated.",
    "user_agent_changed": "Connect again. Seen often, a proxy rewrites the client's User-Agent.",
    "handler_unknown": "Name a handler of the view: a method with @handler, or one in ALLOWED_HANDLERS.",
    "payload_invalid": "Send the fields that the handler's schema asks for; the error frame lists what is wrong.",
    "message_rate_limited": "Send less often, or raise MESSAGE_RATE.",
    "internal_error": "Read the traceback in the log, at the line of django.request.",
    "gateway_missing": "Run: manage.py provision_gateway",
}


def explain(code: str) -> tuple[type[Refusal], str]:
    """The refusal with this code and what helps. A code that no longer exists is explained as a plain refusal."""
    kind = refusals().get(code, Refusal)
    return kind, REMEDIES[kind.code]
