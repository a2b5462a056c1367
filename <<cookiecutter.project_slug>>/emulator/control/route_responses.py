"""Route responses: with a `$default` one, and `$default` as the route's response selection expression, a route is two-way."""

from emulator.control.call import Call, api_of, found, merged, page, refuse_unsupported
from emulator.control.errors import BadRequestError, ConflictError
from emulator.control.routes import route_of
from emulator.state import Record, State, Table

_UNSUPPORTED = {
    "ModelSelectionExpression": "models belong to non-proxy integrations",
    "ResponseModels": "models belong to non-proxy integrations",
    "ResponseParameters": "it has no effect on WEBSOCKET APIs",
}


def create(state: State, call: Call) -> Record:
    """Makes a route response.

    Raises:
        ConflictError: the route has one of this key.
    """
    api = api_of(state, call)
    route_id = route_of(api, call)["RouteId"]
    _check(call.fields)
    table = api.route_responses.setdefault(route_id, {})
    _check_unique(table, call.fields["RouteResponseKey"])
    response_id = call.new_id(7)
    table[response_id] = call.fields | {"RouteResponseId": response_id}
    return table[response_id]


def get(state: State, call: Call) -> Record:
    """One route response."""
    return _response_of(_table_of(state, call), call)


def get_all(state: State, call: Call) -> Record:
    """A page of a route's responses."""
    return page(_table_of(state, call), call)


def update(state: State, call: Call) -> Record:
    """Merges what was sent into a route response."""
    table = _table_of(state, call)
    record = merged(_response_of(table, call), call.fields)
    _check(record)
    table[record["RouteResponseId"]] = record
    return record


def delete(state: State, call: Call) -> None:
    """Removes a route response."""
    table = _table_of(state, call)
    del table[_response_of(table, call)["RouteResponseId"]]


def _table_of(state: State, call: Call) -> Table:
    api = api_of(state, call)
    return api.route_responses.get(route_of(api, call)["RouteId"], {})


def _response_of(table: Table, call: Call) -> Record:
    return found(table, call.ids["RouteResponseId"], "RouteResponse")


def _check(record: Record) -> None:
    if record.get("RouteResponseKey") != "$default":
        raise BadRequestError("RouteResponseKey must be $default.")
    refuse_unsupported(record, _UNSUPPORTED)


def _check_unique(table: Table, key: str) -> None:
    if any(response["RouteResponseKey"] == key for response in table.values()):
        raise ConflictError(f"RouteResponse with key {key} already exists for this Route")
