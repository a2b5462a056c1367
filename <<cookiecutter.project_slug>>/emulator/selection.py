r"""Route selection expressions: which route key a message asks for. Pure.

`$request.body.action`, `$request.body.a.b[0]`, `${request.body.a}/${request.body.b}`, static text, and `\$default`. A missing path
is the empty string; other values than strings are written as Java would (an array as `[a, b]`). The outcome is compared with route
keys exactly. A body that is not JSON always goes to `$default`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from emulator.snapshot import Route

DEFAULT_ROUTE_KEY: Final = "$default"
VARIABLE = re.compile(
    r"\$\{request\.body(?P<braced>[^}]*)\}|\$request\.body(?P<bare>(?:\.[\w-]+|\[\d+\])*)|\\\$(?P<escaped>)"
)
STEP = re.compile(r"\.(?P<name>[^.\[\]]+)|\[(?P<index>\d+)\]")
NOT_JSON: Final = object()

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """The route that a message goes to (None: no route at all) and, for people, why."""

    route: Route | None
    selected: str
    reason: str


def parse_body(body: str) -> Any:
    """The JSON value, or `NOT_JSON`."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return NOT_JSON


@lru_cache(maxsize=1024)
def parse_path(path: str) -> Path:
    """`.a.b[0]` -> `("a", "b", 0)`."""
    return tuple(step["name"] if step["name"] is not None else int(step["index"]) for step in STEP.finditer(path))


def value_at(value: Any, path: Path) -> Any:
    """The value at a path, None where there is none."""
    for step in path:
        if isinstance(step, str) and isinstance(value, dict):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def stringify(value: Any) -> str:
    """How a JSON value is written where text is needed: strings as they are, arrays as `[a, b]`, objects as `{a=1}`."""
    try:
        return _written(value)
    except RecursionError:
        return ""


def _written(value: Any) -> str:
    if value is None or value is NOT_JSON:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(_written(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={_written(item)}" for key, item in value.items()) + "}"
    return str(value)


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
