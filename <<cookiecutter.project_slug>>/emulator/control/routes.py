"""Routes: which integration a route key selects."""

import re

from emulator.control.call import Call, api_of, found, merged, page, refuse_unsupported
from emulator.control.errors import BadRequestError, ConflictError, NotFoundError
from emulator.state import Api, Record, State
from gateway.limits import MAX_ROUTE_KEY_LENGTH

MAX_ROUTES = 300
_BUILT_IN = ("$connect", "$disconnect", "$default")
_TARGET = re.compile(r"integrations/([^/]+)")
_PARAMETER = re.compile(r"route\.request\.(?:header|querystring)\.[a-zA-Z0-9._$-]+")
_UNSUPPORTED = {
    "ApiKeyRequired": "API keys are not",
    "AuthorizationScopes": "authorizers are not",
    "AuthorizerId": "authorizers are not",
    "ModelSelectionExpression": "models belong to non-proxy integrations",
    "RequestModels": "models belong to non-proxy integrations",
}
_DEFAULTS: Record = {"ApiKeyRequired": False, "AuthorizationType": "NONE"}


def create(state: State, call: Call) -> Record:
    """Makes a route.

    Raises:
        ConflictError: the API has a route of this key.
    """
    api = api_of(state, call)
    record = merged(_DEFAULTS, call.fields)
    _check(api, record)
    if len(api.routes) >= MAX_ROUTES:
        raise BadRequestError(f"Maximum number of Routes for this API has been reached: {MAX_ROUTES}")
    route_id = call.new_id(7)
    api.routes[route_id] = record | {"RouteId": route_id}
    return api.routes[route_id]


def get(state: State, call: Call) -> Record:
    """One route."""
    return route_of(api_of(state, call), call)


def get_all(state: State, call: Call) -> Record:
    """A page of routes."""
    return page(api_of(state, call).routes, call)


def update(state: State, call: Call) -> Record:
    """Merges what was sent into a route."""
    api = api_of(state, call)
    record = merged(route_of(api, call), call.fields)
    _check(api, record)
    api.routes[record["RouteId"]] = record
    return record


def delete(state: State, call: Call) -> None:
    """Removes a route with its responses. What is deployed stays deployed."""
    api = api_of(state, call)
    route_id = route_of(api, call)["RouteId"]
    del api.routes[route_id]
    api.route_responses.pop(route_id, None)


def delete_request_parameter(state: State, call: Call) -> None:
    """Removes one request parameter of a route."""
    parameters = route_of(api_of(state, call), call).get("RequestParameters", {})
    key = call.ids["RequestParameterKey"]
    if key not in parameters:
        raise NotFoundError(f"Invalid request parameter specified {key}")
    del parameters[key]


def route_of(api: Api, call: Call) -> Record:
    """The route that the call's path names.

    Raises:
        NotFoundError: there is none.
    """
    return found(api.routes, call.ids["RouteId"], "Route")


def _check(api: Api, record: Record) -> None:
    _check_key(api, record)
    _check_target(api, record.get("Target"))
    refuse_unsupported(record, _UNSUPPORTED)
    if record["AuthorizationType"] != "NONE":
        raise BadRequestError(f"AuthorizationType {record['AuthorizationType']} is not emulated: only NONE is.")
    if record.get("RouteResponseSelectionExpression", "$default") != "$default":
        raise BadRequestError("RouteResponseSelectionExpression must be $default.")
    for parameter in record.get("RequestParameters", {}):
        if not _PARAMETER.fullmatch(parameter):
            raise BadRequestError(f"Invalid request parameter specified: {parameter}")


def _check_key(api: Api, record: Record) -> None:
    key = record.get("RouteKey", "")
    if not 1 <= len(key) <= MAX_ROUTE_KEY_LENGTH:
        raise BadRequestError(f"RouteKey must have 1 to {MAX_ROUTE_KEY_LENGTH} characters.")
    if key.startswith("$") and key not in _BUILT_IN:
        raise BadRequestError(f"A custom route key may not begin with $: only {', '.join(_BUILT_IN)} do.")
    for other in api.routes.values():
        if other["RouteKey"] == key and other["RouteId"] != record.get("RouteId"):
            raise ConflictError(f"Route with key {key} already exists for this API")


def _check_target(api: Api, target: str | None) -> None:
    if target is None:
        return
    found_target = _TARGET.fullmatch(target)
    if not found_target:
        raise BadRequestError(f"Target must be of the form integrations/<integration id>: {target}")
    if found_target[1] not in api.integrations:
        raise BadRequestError(f"Invalid Integration identifier specified {found_target[1]}")
