"""Integrations: how a route reaches its backend. Only HTTP_PROXY is emulated."""

import re

from emulator.control.call import Call, api_of, found, merged, page, refuse_unsupported
from emulator.control.errors import BadRequestError, ConflictError, NotFoundError
from emulator.control.mapping_parameters import check_request_parameters
from emulator.state import Api, Record, State
from gateway.limits import MAX_INTEGRATION_TIMEOUT_MS, MIN_INTEGRATION_TIMEOUT_MS

MAX_INTEGRATIONS = 300
_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_HTTP_URI = re.compile(r"https?://[^\s/?#\x00-\x1f\x7f]+[^\s\x00-\x1f\x7f]*", re.IGNORECASE)
_UNSUPPORTED = {
    "ConnectionId": "private integrations are not",
    "CredentialsArn": "it belongs to AWS integrations",
    "IntegrationSubtype": "it belongs to HTTP APIs",
    "ResponseParameters": "it belongs to HTTP APIs",
    "TlsConfig": "it belongs to HTTP APIs",
    "RequestTemplates": "templates belong to non-proxy integrations",
    "TemplateSelectionExpression": "templates belong to non-proxy integrations",
    "ContentHandlingStrategy": "payloads are passed through as text",
}
_DEFAULTS: Record = {
    "ConnectionType": "INTERNET",
    "IntegrationResponseSelectionExpression": "${integration.response.statuscode}",
    "PassthroughBehavior": "WHEN_NO_MATCH",
    "PayloadFormatVersion": "1.0",
    "RequestParameters": {},
    "TimeoutInMillis": MAX_INTEGRATION_TIMEOUT_MS,
}


def create(state: State, call: Call) -> Record:
    """Makes an integration."""
    api = api_of(state, call)
    record = merged(_DEFAULTS, call.fields)
    _check(record, call)
    if len(api.integrations) >= MAX_INTEGRATIONS:
        raise BadRequestError(f"Maximum number of Integrations for this API has been reached: {MAX_INTEGRATIONS}")
    integration_id = call.new_id(7)
    api.integrations[integration_id] = record | {"IntegrationId": integration_id}
    return api.integrations[integration_id]


def get(state: State, call: Call) -> Record:
    """One integration."""
    return _integration_of(api_of(state, call), call)


def get_all(state: State, call: Call) -> Record:
    """A page of integrations."""
    return page(api_of(state, call).integrations, call)


def update(state: State, call: Call) -> Record:
    """Merges what was sent into an integration; an empty request parameter is removed."""
    api = api_of(state, call)
    current = _integration_of(api, call)
    record = merged(current, call.fields)
    if record["IntegrationType"] != current["IntegrationType"]:
        raise BadRequestError("IntegrationType cannot be changed.")
    _check(record, call)
    api.integrations[current["IntegrationId"]] = record
    return record


def delete(state: State, call: Call) -> None:
    """Removes an integration.

    Raises:
        ConflictError: routes target it.
    """
    api = api_of(state, call)
    integration_id = _integration_of(api, call)["IntegrationId"]
    users = [
        route["RouteKey"] for route in api.routes.values() if route.get("Target") == f"integrations/{integration_id}"
    ]
    if users:
        raise ConflictError(
            f"Cannot delete Integration '{integration_id}' because it is referenced by the following Routes: {users}"
        )
    del api.integrations[integration_id]


def create_response(state: State, call: Call) -> Record:
    """Integration responses belong to non-proxy integrations.

    Raises:
        BadRequestError: always, if the integration exists.
    """
    _integration_of(api_of(state, call), call)
    raise BadRequestError("Integration responses are not emulated: they belong to non-proxy integrations.")


def get_response(state: State, call: Call) -> Record:
    """No integration has a response here.

    Raises:
        NotFoundError: always.
    """
    _integration_of(api_of(state, call), call)
    raise NotFoundError(f"Invalid IntegrationResponse identifier specified {call.ids['IntegrationResponseId']}")


def get_responses(state: State, call: Call) -> Record:
    """The integration's responses: none."""
    _integration_of(api_of(state, call), call)
    return page({}, call)


def _integration_of(api: Api, call: Call) -> Record:
    return found(api.integrations, call.ids["IntegrationId"], "Integration")


def _check(record: Record, call: Call) -> None:
    if record["IntegrationType"] != "HTTP_PROXY":
        raise BadRequestError(f"IntegrationType {record['IntegrationType']} is not emulated: only HTTP_PROXY is.")
    if record["ConnectionType"] != "INTERNET":
        raise BadRequestError("ConnectionType VPC_LINK is not emulated: private integrations are not.")
    if record["PayloadFormatVersion"] != "1.0":
        raise BadRequestError("PayloadFormatVersion must be 1.0 for WEBSOCKET APIs.")
    refuse_unsupported(record, _UNSUPPORTED)
    if record.get("IntegrationMethod") not in _METHODS:
        raise BadRequestError(f"IntegrationMethod must be one of {', '.join(_METHODS)}.")
    if not _HTTP_URI.fullmatch(record.get("IntegrationUri", "")):
        raise BadRequestError("Invalid HTTP endpoint specified for URI")
    if not MIN_INTEGRATION_TIMEOUT_MS <= record["TimeoutInMillis"] <= MAX_INTEGRATION_TIMEOUT_MS:
        raise BadRequestError(
            f"Timeout should be between {MIN_INTEGRATION_TIMEOUT_MS} ms and {MAX_INTEGRATION_TIMEOUT_MS} ms"
        )
    check_request_parameters(call.fields.get("RequestParameters", {}), call.refused_sources)
