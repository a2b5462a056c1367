"""Request parameters: what an integration maps onto the headers, query string and path of its backend call. Pure.

Keys are `integration.request.header|querystring|path.NAME`. Values are `'literal'`, `context.X`, `stageVariables.X`,
`route.request.body[.JSONPATH]`, and on `$connect` only `route.request.header|querystring|multivalueheader|multivaluequerystring.X`
(AWS facts 2.2).
"""

import re
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

from emulator.context import Context
from emulator.json_values import parse_path, stringify, value_at

REFUSED_TARGETS: Final = frozenset(
    {"content-length", "transfer-encoding", "x-amzn-trace-id", "x-amzn-apigateway-api-id"}
)
"""Mapping one of these headers makes every call fail with 500 at run time."""
IGNORED_TARGETS: Final = frozenset({"expect", "te", "proxy-authenticate", "via", "connection"})
"""Mapping one of these headers does nothing."""
CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")

Pairs = Sequence[tuple[str, str]]


class RefusedTargetError(Exception):
    """An integration maps a header that it may not set: AWS answers each call with 500 "Internal server error"."""


class Handshake(NamedTuple):
    """What the client sent with its handshake; available on `$connect` only."""

    headers: Pairs = ()
    query_string: str = ""


class Sources(NamedTuple):
    """Where values come from."""

    context: Context
    stage_variables: Mapping[str, str] = MappingProxyType({})
    body_text: str = ""
    body: Any = None
    """The parsed body; None where there is none."""
    handshake: Handshake | None = None
    declared: Collection[str] = ()
    """The route's own request parameters: only what it declares of a handshake can be mapped."""


class Mapped(NamedTuple):
    """What the mapping adds to the backend call."""

    headers: list[tuple[str, str]]
    query: list[tuple[str, str]]
    path: dict[str, str]


class Rule(NamedTuple):
    """One request parameter, read once for all events: `name` in `place` is set to what the source says.

    A source has a scope (`literal`, `context`, `stageVariables`, `route`), for `route` a place in the request, and a name.
    """

    place: str
    name: str
    is_refused: bool
    is_ignored: bool
    source_scope: str
    source_place: str
    source_name: str


def rules_of(request_parameters: Mapping[str, str]) -> tuple[Rule, ...]:
    """Every parameter, in their order."""
    return tuple(_rule(key, expression) for key, expression in request_parameters.items())


def _rule(key: str, expression: str) -> Rule:
    place, _, name = key.removeprefix("integration.request.").partition(".")
    header = name.lower() if place == "header" else ""
    return Rule(place, name, header in REFUSED_TARGETS, header in IGNORED_TARGETS, *_source(expression))


def _source(expression: str) -> tuple[str, str, str]:
    """`route.request.header.X-Name` -> `("route", "header", "X-Name")`; `context.stage` -> `("context", "", "stage")`."""
    if expression.startswith("'"):
        return "literal", "", expression[1:-1]
    scope, _, name = expression.partition(".")
    if scope != "route":
        return scope, "", name
    place, _, rest = name.removeprefix("request.").partition(".")
    return scope, place, rest


def map_parameters(rules: Sequence[Rule], sources: Sources, *, send_empty: bool = False) -> Mapped:
    """Evaluate an integration's request parameters.

    A value that is not set on this event is left out, or sent empty with `send_empty` (unknown on AWS).

    Raises RefusedTargetError for headers that AWS lets no integration set.
    """
    mapped = Mapped([], [], {})
    for rule in rules:
        if rule.is_refused:
            raise RefusedTargetError(f"{rule.name} may not be mapped")
        value = _evaluate(rule, sources)
        if value is None:
            if not send_empty:
                continue
            value = ""
        _add(mapped, rule, value)
    return mapped


def _add(mapped: Mapped, rule: Rule, value: str) -> None:
    if rule.place == "querystring":
        mapped.query.append((rule.name, value))
    elif rule.place == "path":
        mapped.path[rule.name] = value
    elif not rule.is_ignored:
        # A line break in a header would end it: clients choose close reasons and bodies.
        clean = value if value.isprintable() else CONTROL_CHARACTERS.sub(" ", value)
        mapped.headers.append((rule.name, clean))


def _evaluate(rule: Rule, sources: Sources) -> str | None:
    """The value of one parameter, None where it is not set."""
    scope, place, name = rule.source_scope, rule.source_place, rule.source_name
    if scope == "context":
        return sources.context.get(name)
    if scope == "literal":
        return name
    if scope == "stageVariables":
        return sources.stage_variables.get(name)
    if place == "body":
        return _from_body(name, sources)
    if sources.handshake is None or not _is_declared(place, name, sources.declared):
        return None
    return _from_handshake(place, name, sources.handshake)


def _from_body(path: str, sources: Sources) -> str | None:
    if not path:
        return sources.body_text or None
    value = value_at(sources.body, parse_path("." + path))
    return None if value is None else stringify(value)


def _is_declared(place: str, name: str, declared: Collection[str]) -> bool:
    """Multi-valued parameters are declared like single ones; header names in any case."""
    wanted = f"route.request.{place.removeprefix('multivalue')}.{name}"
    if place.endswith("header"):
        return wanted.lower() in {key.lower() for key in declared}
    return wanted in declared


def _from_handshake(place: str, name: str, handshake: Handshake) -> str | None:
    if place.endswith("header"):
        values = [value for key, value in handshake.headers if key.lower() == name.lower()]
    else:
        values = [value for key, value in parse_qsl(handshake.query_string, keep_blank_values=True) if key == name]
    if not values:
        return None
    return ",".join(values) if place.startswith("multivalue") else values[-1]
