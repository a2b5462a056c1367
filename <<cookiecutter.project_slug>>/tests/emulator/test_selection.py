"""Route selection expressions (AWS facts 3)."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.json_values import parse_body, stringify
from emulator.selection import evaluate, select_route
from emulator.snapshot import Route

KEYS = ("chat", "a/b", "true", "7", "[a, b]", "{k=1}", "$connect", "$disconnect", "$default")
ROUTES = {key: Route(route_id=key, route_key=key, integration=None) for key in KEYS}
WITHOUT_DEFAULT = {key: route for key, route in ROUTES.items() if key != "$default"}


def chosen(expression: str, body: str, routes: dict[str, Route] = ROUTES) -> str | None:
    route = select_route(expression, routes, body).route
    return route.route_key if route else None


@pytest.mark.parametrize(
    ("expression", "body", "key"),
    [
        pytest.param("$request.body.action", '{"action": "chat"}', "chat", id="top level"),
        pytest.param("$request.body.a.b", '{"a": {"b": "chat"}}', "chat", id="nested"),
        pytest.param("$request.body.a[1].b", '{"a": [0, {"b": "chat"}]}', "chat", id="index"),
        pytest.param("${request.body.action}", '{"action": "chat"}', "chat", id="braces"),
        pytest.param("${request.body.x}/${request.body.y}", '{"x": "a", "y": "b"}', "a/b", id="composite"),
        pytest.param("chat", "{}", "chat", id="static text"),
        pytest.param(r"\$default", '{"action": "chat"}', "$default", id="escaped dollar"),
        pytest.param("$request.body.action", '{"action": true}', "true", id="boolean"),
        pytest.param("$request.body.action", '{"action": 7}', "7", id="number"),
        pytest.param("$request.body.action", '{"action": ["a", "b"]}', "[a, b]", id="array"),
        pytest.param("$request.body.action", '{"action": {"k": 1}}', "{k=1}", id="object"),
    ],
)
def test_match(expression: str, body: str, key: str) -> None:
    """AWS facts 3, evaluation: values become text and are compared with route keys."""
    assert chosen(expression, body) == key


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("{}", id="missing"),
        pytest.param('{"action": ""}', id="empty"),
        pytest.param('{"action": null}', id="null"),
        pytest.param('{"action": "Chat"}', id="other case"),
        pytest.param('{"action": "chat "}', id="trailing space"),
        pytest.param('{"action": "*"}', id="no patterns"),
        pytest.param('["action"]', id="an array"),
        pytest.param("hello", id="not JSON"),
        pytest.param("", id="nothing"),
        pytest.param("[" * 100_000, id="deeply nested"),
        pytest.param('{"action": ' + "[" * 900 + "]" * 900 + "}", id="a deeply nested value"),
        pytest.param('{"action": ' + "9" * 10_000 + "}", id="a huge number"),
    ],
)
def test_default(body: str) -> None:
    """AWS facts 3: what matches no key exactly goes to `$default`."""
    assert chosen("$request.body.action", body) == "$default"


@pytest.mark.parametrize("key", ["$connect", "$disconnect", "$default"])
def test_built_in_keys_cannot_be_asked_for(key: str) -> None:
    """AWS facts, unsure 25: a body that names `$connect` goes to `$default`."""
    assert chosen("$request.body.action", json.dumps({"action": key})) == "$default"


def test_static_expression_with_a_body_that_is_not_json() -> None:
    """AWS facts 3: a body that is not JSON goes to `$default`, always."""
    assert chosen("chat", "hello") == "$default"


def test_no_route() -> None:
    """AWS facts 3: without a match and without `$default` there is no route."""
    assert chosen("$request.body.action", '{"action": "unknown"}', WITHOUT_DEFAULT) is None


def test_reason() -> None:
    """People are told why a message went where it went."""
    selection = select_route("$request.body.action", ROUTES, '{"action": "unknown"}')

    assert selection.reason == "no route has the key 'unknown'"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_every_json_value_has_a_text(value: Any) -> None:
    """Whatever a client sends, the evaluation gives text, and text is given as it is."""
    text = evaluate("$request.body.action", parse_body(json.dumps({"action": value})))

    assert text == (value if isinstance(value, str) else stringify(value))


@given(st.text())
def test_any_message_finds_a_route(body: str) -> None:
    """Any text at all ends at one of the API's routes."""
    assert chosen("$request.body.action", body) in KEYS
