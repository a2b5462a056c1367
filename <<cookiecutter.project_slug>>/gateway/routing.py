"""Which method answers a message: declared handlers, collected once into a table, and a pure function that picks from it.

A handler is declared by its name in `ALLOWED_HANDLERS` or by `@handler` on the method. Nothing is discovered, so nothing that a
client sends can reach another attribute of the view.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar, overload

from gateway.exceptions import HandlerUnknown

Function = TypeVar("Function", bound=Callable[..., Any])

DEFAULT: Final = "default"
_MARK: Final = "_websocket_handler"
_SET_ON_VIEWS: Final = frozenset({"args", "body", "event", "kwargs", "request", "websocket_session"})
"""What a view has as values while it answers: they would stand before methods of these names."""


@dataclass(frozen=True, slots=True)
class Handler:
    """One method that a client may call, and what is checked before it is."""

    name: str
    schema: type | None = None
    permissions: tuple[str, ...] = ()


@overload
def handler(method: Function, /) -> Function: ...


@overload
def handler(*, schema: type | None = None, permissions: str | Iterable[str] = ()) -> Callable[[Function], Function]: ...


def handler(method: Any = None, /, *, schema: type | None = None, permissions: str | Iterable[str] = ()) -> Any:
    """Declares that clients may call a method of a `WebSocketView`.

    `schema` is a dataclass, a Django form or a pydantic model; `self.body` then holds validated data (a form's is its
    `cleaned_data`), or the client gets `payload_invalid` with the errors of each field. `permissions`: all of them are needed.
    """
    needed = (permissions,) if isinstance(permissions, str) else tuple(permissions)

    def mark(function: Any) -> Any:
        setattr(function, _MARK, Handler(function.__name__, schema, needed))
        return function

    return mark(method) if method else mark


def collect(view: type, allowed: Iterable[str], *, engine: type) -> dict[str, Handler]:
    """The table of a view class: what its methods' decorators and `allowed` declare.

    `engine` is the class whose own methods (`dispatch`, `connect`...) clients can never call, `default` aside. A name in `allowed`
    without a method is left out, and so is an impossible one: `manage.py check` reports both. A method that overrides a handler is
    a handler still.
    """
    table = marked(view)
    for name in allowed:
        if name not in table and callable(getattr(view, name, None)):
            table[name] = Handler(name)
    return {name: entry for name, entry in table.items() if may_be_handler(name, engine)}


def marked(view: type) -> dict[str, Handler]:
    """What the decorators of a class and of its parents declare, impossible names included: `manage.py check` reports those."""
    table: dict[str, Handler] = {}
    for owner in reversed(view.__mro__):
        for name, attribute in vars(owner).items():
            declared = getattr(attribute, _MARK, None)
            if isinstance(declared, Handler):
                table[name] = Handler(name, declared.schema, declared.permissions)
    return table


def may_be_handler(name: str, engine: type) -> bool:
    """Whether a method of this name can be a handler at all."""
    return name == DEFAULT or not (name.startswith("_") or name in _SET_ON_VIEWS or hasattr(engine, name))


def select(
    body: Mapping[str, Any],
    route: str,
    table: Mapping[str, Handler],
    *,
    handler_key: str | None,
    route_key: str | None,
) -> Handler:
    """The handler of a message: the one it names, else that of its action, else that of its route.

    An action or route without a handler of its own goes to `default`, as API Gateway's `$default` does. A handler that the message
    names itself must exist. Raises `HandlerUnknown`.
    """
    if handler_key and handler_key in body:
        return _exactly(body[handler_key], table)
    wanted = body[route_key] if route_key and route_key in body else route
    found = table.get(wanted) if isinstance(wanted, str) else None
    return found or _exactly(DEFAULT, table)


def _exactly(name: object, table: Mapping[str, Handler]) -> Handler:
    found = table.get(name) if isinstance(name, str) else None
    if found is None:
        raise HandlerUnknown(f"asked for {str(name)[:64]!r}")
    return found
