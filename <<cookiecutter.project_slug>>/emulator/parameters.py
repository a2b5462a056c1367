"""Request parameters: what an integration maps onto the headers, query string and path of its backend call. Pure.

Keys are `integration.request.header|querystring|path.NAME`. Values are `'literal'`, `context.X`, `stageVariables.X`,
`route.request.body[.JSONPATH]`, and on `$connect` only `route.request.header|querystring|multivalueheader|multivaluequerystring.X`
(AWS facts 2.2).
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

from emulator.context import Context
from emulator.selection import parse_path, stringify, value_at

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Handshake:
    """What the client sent with its handshake; available on `$connect` only."""

    headers: Pairs = ()
    query_string: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """Where values come from."""

    context: Context
    stage_variables: Mapping[str, str] = field(default_factory=dict)
    body_text: str = ""
    body: Any = None
    """The parsed body; None where there is none."""
    handshake: Handshake | None = None
    declared: Collection[str] = ()
    """The route's own request parameters: only what it declares of a handshake can be mapped."""


@dataclass(slots=True)
class Mapped:
    """What the mapping adds to the backend call."""

    headers: list[tuple[str, str]] = field(default_factory=list)
    query: list[tuple[str, str]] = field(default_factory=list)
    path: dict[str, str] = field(default_factory=dict)


class Target(NamedTuple):
    """What a key sets: `integration.request.header.X-Name` -> `("header", "X-Name")`."""

    place: str
    name: str
    is_refused: bool
    is_ignored: bool


@lru_cache(maxsize=4096)
def parse_target(key: str) -> Target:
    place, _, name = key.removeprefix("integration.request.").partition(".")
    header = name.lower() if place == "header" else ""
    return Target(place, name, header in REFUSED_TARGETS, header in IGNORED_TARGETS)


@lru_cache(maxsize=4096)
def parse_source(expression: str) -> tuple[str, str, str]:
    """`route.request.header.X-Name` -> `("route", "header", "X-Name")`; `context.stage` -> `("context", "", "stage")`."""
    scope, _, name = expression.partition(".")
    if scope != "route":
        return scope, "", name
    place, _, rest = name.removeprefix("request.").partition(".")
    return scope, place, rest


def map_parameters(request_parameters: Mapping[str, str], sources: Sources, *, send_empty: bool = False) -> Mapped:
    """Evaluate an integration's request parameters.

    A value that is not set on this event is left out, or sent empty with `send_empty` (unknown on AWS).

    Raises RefusedTargetError for headers that AWS lets no integration set.
    """
    mapped = Mapped()
    for key, expression in request_parameters.items():
        target = parse_target(key)
        if target.is_refused:
            raise RefusedTargetError(f"{target.name} may not be mapped")
        value = evaluate(expression, sources)
        if value is None:
            if not send_empty:
                continue
            value = ""
        _add(mapped, target, value)
    return mapped


def _add(mapped: Mapped, target: Target, value: str) -> None:
    if target.place == "querystring":
        mapped.query.append((target.name, value))
    elif target.place == "path":
        mapped.path[target.name] = value
    elif not target.is_ignored:
        # A line break in a header would end it: clients choose close reasons and bodies.
        clean = value if value.isprintable() else CONTROL_CHARACTERS.sub(" ", value)
        mapped.headers.append((target.name, clean))


def evaluate(expression: str, sources: Sources) -> str | None:
    """The value of one mapping expression, None where it is not set."""
    if expression.startswith("'"):
        return expression[1:-1]
    scope, place, name = parse_source(expression)
    if scope == "context":
        return sources.context.get(name)
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
