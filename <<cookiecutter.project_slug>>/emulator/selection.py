r"""Route selection expressions: which route key a message asks for. Pure.

`$request.body.action`, `$request.body.a.b[0]`, `${request.body.a}/${request.body.b}`, static text, and `\$default`. A missing path
is the empty string; other values than strings are written as Java would (an array as `[a, b]`). The outcome is compared with route
keys exactly. A body that is not JSON always goes to `$default`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from emulator.json_values import NOT_JSON, parse_body, parse_path, stringify, value_at
from emulator.snapshot import Route

DEFAULT_ROUTE_KEY: Final = "$default"
VARIABLE = re.compile(
    r"\$\{request\.body(?P<braced>[^}]*)\}|\$request\.body(?P<bare>(?:\.[\w-]+|\[\d+\])*)|\\\$(?P<escaped>)"
)


@dataclass(frozen=True, slots=True)
class Selection:
    """The route that a message goes to (None: no route at all) and, for people, why."""

    route: Route | None
    selected: str
    reason: str


def evaluate(expression: str, body: Any) -> str:
    """The text that a selection expression gives for a parsed body."""

    def replace(match: re.Match[str]) -> str:
        if match["escaped"] is not None:
            return "$"
        path = match["braced"] if match["braced"] is not None else match["bare"]
        return stringify(value_at(body, parse_path(path)))

    return VARIABLE.sub(replace, expression)


def select_route(expression: str, routes: Mapping[str, Route], body: str) -> Selection:
    """The route for a message.

    `$connect` and `$disconnect` cannot be asked for in a body (AWS facts 3: no evidence that they could, so they go to `$default`).
    """
    parsed = parse_body(body)
    if parsed is NOT_JSON:
        return _default(routes, "", "the body is not JSON")
    selected = evaluate(expression, parsed)
    if not selected:
        return _default(routes, "", f"{expression} is missing or empty")
    if selected.startswith("$"):
        reason = "the expression says so" if selected == DEFAULT_ROUTE_KEY else f"{selected} cannot be asked for"
        return _default(routes, selected, reason)
    route = routes.get(selected)
    if route is None:
        return _default(routes, selected, f"no route has the key {selected!r}")
    return Selection(route, selected, "the key matches")


def _default(routes: Mapping[str, Route], selected: str, reason: str) -> Selection:
    return Selection(routes.get(DEFAULT_ROUTE_KEY), selected, reason)
