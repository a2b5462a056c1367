"""From a message to validated data: dataclasses, Django forms and pydantic models.

pydantic need not be installed: a pydantic model brings its own validation along.
"""

import dataclasses
import json
import types
import typing
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any, Final, Literal, NoReturn, Union, get_args, get_origin
from uuid import UUID

from django.forms import BaseForm
from django.utils.datastructures import MultiValueDict

from gateway.exceptions import PayloadInvalid

Errors = dict[str, list[str]]

MAX_ERRORS: Final = 20
"""Fields that a client is told of. A message may be wrong in each of its 128 KB, and the answer has to fit into one as well."""
MAX_PATH: Final = 200
"""Characters of a field's path, whose parts may be keys of the client's choice."""


def _finite_decimal(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError(text)
    return number


_PARSERS: Final[dict[Any, tuple[str, Callable[[str], Any]]]] = {
    datetime: ("a date and time in ISO 8601", datetime.fromisoformat),
    date: ("a date in ISO 8601", date.fromisoformat),
    time: ("a time in ISO 8601", time.fromisoformat),
    UUID: ("a UUID", UUID),
    Decimal: ("a decimal number, as a string", _finite_decimal),
}
_PLAIN: Final[dict[Any, str]] = {
    str: "a string",
    bool: "true or false",
    dict: "an object",
    list: "a list",
    type(None): "null",
}


class _Wrong(Exception):  # noqa: N818  (never leaves this module)
    """A value of the wrong shape: path from here -> sentences."""

    def __init__(self, errors: Errors) -> None:
        super().__init__()
        self.errors = errors


def validate(schema: type, body: Mapping[str, Any]) -> Any:
    """An instance of a dataclass or pydantic model, or the cleaned data of a form. Raises `PayloadInvalid` with field errors.

    What the schema does not name is ignored: a message also carries `action` and `id`.
    """
    if hasattr(schema, "model_validate"):
        return _pydantic(schema, body)
    if issubclass(schema, BaseForm):
        return _form(schema, body)
    if not dataclasses.is_dataclass(schema):
        raise TypeError(f"{schema!r} is no dataclass, Django form or pydantic model.")
    try:
        return _dataclass(schema, body)
    except _Wrong as wrong:
        raise _invalid(wrong.errors) from None


def _invalid(errors: Errors) -> PayloadInvalid:
    return PayloadInvalid(errors={path[:MAX_PATH]: texts for path, texts in islice(errors.items(), MAX_ERRORS)})


def _pydantic(schema: Any, body: Mapping[str, Any]) -> Any:
    try:
        return schema.model_validate(dict(body))
    except ValueError as error:
        if not hasattr(error, "errors"):
            raise
        errors: Errors = {}
        for fault in error.errors(include_url=False, include_context=False, include_input=False):
            errors.setdefault(".".join(map(str, fault["loc"])) or "__all__", []).append(fault["msg"])
        raise _invalid(errors) from None


def _form(schema: type[BaseForm], body: Mapping[str, Any]) -> dict[str, Any]:
    # Forms expect what a browser posts, and some fields fail on anything that is not text.
    posted = MultiValueDict({name: [_text(item) for item in _listed(value)] for name, value in body.items()})
    form = schema(data=posted)
    if not form.is_valid():
        raise _invalid({name: [str(text) for text in texts] for name, texts in form.errors.items()})
    return form.cleaned_data


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _dataclass(schema: Any, value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise _Wrong({"": ["Must be an object."]})
    hints = typing.get_type_hints(schema)  # without extras: Annotated is unwrapped
    given: dict[str, Any] = {}
    errors: Errors = {}
    for field in dataclasses.fields(schema):
        if not field.init:
            continue
        if field.name in value:
            given[field.name] = _collect(errors, field.name, hints[field.name], value[field.name])
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            errors[field.name] = ["This field is required."]
    if errors:
        raise _Wrong(errors)
    try:
        return schema(**given)
    except ValueError as error:  # the dataclass's own __post_init__
        raise _Wrong({"__all__": [str(error)]}) from None


def _collect(errors: Errors, path: str, wanted: Any, value: Any) -> Any:
    try:
        return _value(wanted, value)
    except _Wrong as wrong:
        errors.update({f"{path}.{inner}" if inner else path: texts for inner, texts in wrong.errors.items()})
        return None


def _value(wanted: Any, value: Any) -> Any:
    """One value as its annotation asks for it. Nothing is guessed: `"1"` is no number."""
    if wanted is Any:
        return value
    if dataclasses.is_dataclass(wanted):
        return _dataclass(wanted, value)
    read = _GENERIC.get(get_origin(wanted))
    return read(wanted, value) if read else _scalar(wanted, value)


def _any_of(wanted: Any, value: Any) -> Any:
    first: _Wrong | None = None
    for choice in get_args(wanted):
        try:
            return _value(choice, value)
        except _Wrong as wrong:
            first = first or wrong
    raise first or _Wrong({"": ["No value is allowed."]})


def _literal(wanted: Any, value: Any) -> Any:
    choices = get_args(wanted)
    if not any(type(choice) is type(value) and choice == value for choice in choices):
        raise _Wrong({"": [f"Must be one of: {', '.join(map(str, choices))}."]})
    return value


def _container(wanted: Any, value: Any) -> Any:
    origin, arguments = get_origin(wanted), get_args(wanted)
    if not isinstance(value, origin):
        raise _Wrong({"": [f"Must be {_PLAIN[origin]}."]})
    items = enumerate(value) if origin is list else value.items()
    errors: Errors = {}
    read = {key: _collect(errors, str(key), arguments[-1], item) for key, item in items}
    if errors:
        raise _Wrong(errors)
    return list(read.values()) if origin is list else read


_GENERIC: Final[dict[Any, Callable[[Any, Any], Any]]] = {
    Union: _any_of,
    types.UnionType: _any_of,
    Literal: _literal,
    list: _container,
    dict: _container,
}


def _scalar(wanted: Any, value: Any) -> Any:
    if wanted is int or wanted is float:
        return _number(wanted, value)
    if wanted in _PARSERS:
        words, parse = _PARSERS[wanted]
        try:
            return parse(value) if isinstance(value, str) else _fail(words)
        except (ValueError, InvalidOperation):
            _fail(words)
    if wanted in _PLAIN:
        return value if isinstance(value, wanted) else _fail(_PLAIN[wanted])
    raise TypeError(f"A payload's field cannot be {wanted!r}. Use a pydantic model for types of your own.")


def _number(wanted: type, value: Any) -> int | float:
    allowed = (int,) if wanted is int else (int, float)
    if isinstance(value, bool) or not isinstance(value, allowed):
        _fail("a whole number" if wanted is int else "a number")
    try:
        return int(value) if wanted is int else float(value)
    except OverflowError:
        _fail("a smaller number")


def _fail(words: str) -> NoReturn:
    raise _Wrong({"": [f"Must be {words}."]})
