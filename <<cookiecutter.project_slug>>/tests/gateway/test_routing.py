"""Which method answers: declared names, and nothing else."""

from typing import Any

import pytest

from gateway.exceptions import HandlerUnknown
from gateway.routing import Handler, handler, select
from gateway.views import WebSocketView

TABLE = {name: Handler(name) for name in ("default", "greet", "chat_message")}


def picked(body: dict[str, Any], route: str = "default", **options: Any) -> str:
    keys = {"handler_key": "handler", "route_key": "action"} | options
    return select(body, route, TABLE, **keys).name


@pytest.mark.parametrize(
    ("body", "route", "name"),
    [
        ({"handler": "greet", "action": "chat_message"}, "chat_message", "greet"),
        ({"action": "chat_message"}, "default", "chat_message"),
        ({"action": "chat_message"}, "greet", "chat_message"),
        ({}, "greet", "greet"),
        ({}, "nothing_of_that_name", "default"),
        ({"action": "nothing_of_that_name"}, "greet", "default"),
        ({"action": "$connect"}, "default", "default"),
        ({"action": "dispatch"}, "default", "default"),
        ({"action": None}, "greet", "default"),
        ({"action": ["greet"]}, "default", "default"),
        ({"action": {"a": 1}}, "default", "default"),
        ({"action": 7}, "default", "default"),
    ],
)
def test_selection(body: dict[str, Any], route: str, name: str) -> None:
    """The handler that a message names, else its action's, else its route's, else `default`."""
    assert picked(body, route) == name


def test_a_named_handler_must_exist() -> None:
    """It never falls through to another one."""
    with pytest.raises(HandlerUnknown):
        picked({"handler": "nothing_of_that_name", "action": "greet"})


def test_keys_can_be_turned_off() -> None:
    """None: the message cannot choose."""
    assert picked({"handler": "greet"}, handler_key=None) == "default"
    assert picked({"action": "greet"}, route_key=None) == "default"


def test_keys_can_be_renamed() -> None:
    """As API Gateway's route selection expression has them."""
    assert picked({"type": "greet"}, route_key="type") == "greet"


class Base(WebSocketView):
    ALLOWED_HANDLERS = frozenset({"default", "listed", "missing", "dispatch", "_hidden"})

    def listed(self, *_: Any) -> None: ...

    def _hidden(self, *_: Any) -> None: ...

    def helper(self, *_: Any) -> None: ...

    @handler(permissions="app.view_x")
    def marked(self, *_: Any) -> None: ...

    @handler
    def event(self, *_: Any) -> None: ...


class Derived(Base):
    def marked(self, *_: Any) -> None: ...

    @handler
    def added(self, *_: Any) -> None: ...


def test_table_holds_what_was_declared() -> None:
    """Names in the set that are methods, and methods with the decorator; the engine's own methods never."""
    assert set(Base.handlers) == {"default", "listed", "marked"}


def test_overriding_a_handler_keeps_its_conditions() -> None:
    """A subclass inherits the declaration, permissions included."""
    assert set(Derived.handlers) == {"default", "listed", "marked", "added"}
    assert Derived.handlers["marked"].permissions == ("app.view_x",)


def test_the_table_of_a_class_is_not_shared() -> None:
    """What a subclass declares does not reach its parent."""
    assert "added" not in Base.handlers
    assert set(WebSocketView.handlers) == {"default"}
