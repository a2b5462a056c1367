"""APIs: create, get, list, update, delete."""

import re

from emulator.control.call import Call, api_of, merged, page, refuse_unsupported
from emulator.control.errors import BadRequestError
from emulator.control.tags import check_tags
from emulator.state import Api, Record, State

_HTTP_ONLY = {
    "CorsConfiguration": "CORS belongs to HTTP APIs",
    "Target": "quick create belongs to HTTP APIs",
    "RouteKey": "quick create belongs to HTTP APIs",
    "CredentialsArn": "quick create belongs to HTTP APIs",
}
_API_KEY_EXPRESSIONS = ("$request.header.x-api-key", "$context.authorizer.usageIdentifierKey")
_BODY_PATH = r"request\.body(?:\.[A-Za-z0-9_-]+|\[\d+\])*"
_SELECTION_EXPRESSION = re.compile(rf"\${_BODY_PATH}|(?:\$\{{{_BODY_PATH}\}}|\\\$|[^${{}}\\])+")
_DEFAULTS: Record = {
    "ApiKeySelectionExpression": "$request.header.x-api-key",
    "DisableExecuteApiEndpoint": False,
    "IpAddressType": "ipv4",
    "Tags": {},
}


def create(state: State, call: Call) -> Record:
    """Makes a WebSocket API.

    Raises:
        BadRequestError: it is no WebSocket API, or asks for what such an API has not.
    """
    if call.fields["ProtocolType"] != "WEBSOCKET":
        raise BadRequestError("ProtocolType HTTP is not emulated: only WEBSOCKET APIs are.")
    if not call.fields.get("RouteSelectionExpression"):
        raise BadRequestError("RouteSelectionExpression is required for WEBSOCKET APIs.")
    _check(call.fields)
    check_tags(call.fields.get("Tags", {}))
    api_id = call.new_id(10)
    record = merged(_DEFAULTS, call.fields) | {"ApiId": api_id, "CreatedDate": call.now}
    state.apis[api_id] = Api(record=record)
    return _shown(record, call)


def get(state: State, call: Call) -> Record:
    """One API."""
    return _shown(api_of(state, call).record, call)


def get_all(state: State, call: Call) -> Record:
    """A page of APIs."""
    return page({api_id: _shown(api.record, call) for api_id, api in state.apis.items()}, call)


def update(state: State, call: Call) -> Record:
    """Merges what was sent into an API."""
    api = api_of(state, call)
    _check(call.fields)
    api.record = merged(api.record, call.fields)
    return _shown(api.record, call)


def delete(state: State, call: Call) -> None:
    """Removes an API with everything in it.

    Raises:
        BadRequestError: a custom domain is still mapped to it.
    """
    api_id = api_of(state, call).record["ApiId"]
    mapped = [name for name, domain in state.domains.items() if api_id in _apis_behind(domain.mappings)]
    if mapped:
        raise BadRequestError(
            f"Deleting API {api_id} failed. Please remove all API mappings for the API from your custom domain names: "
            f"{', '.join(mapped)}"
        )
    del state.apis[api_id]


def _apis_behind(mappings: dict[str, Record]) -> set[str]:
    return {mapping["ApiId"] for mapping in mappings.values()}


def _shown(record: Record, call: Call) -> Record:
    return record | {"ApiEndpoint": f"{call.socket_base}/_apis/{record['ApiId']}"}


def _check(fields: Record) -> None:
    refuse_unsupported(fields, _HTTP_ONLY)
    expression = fields.get("RouteSelectionExpression")
    if expression is not None and not _SELECTION_EXPRESSION.fullmatch(expression):
        raise BadRequestError(f"Invalid RouteSelectionExpression specified: {expression}")
    key_expression = fields.get("ApiKeySelectionExpression")
    if key_expression and key_expression not in _API_KEY_EXPRESSIONS:
        raise BadRequestError(f"ApiKeySelectionExpression must be one of {', '.join(_API_KEY_EXPRESSIONS)}.")
