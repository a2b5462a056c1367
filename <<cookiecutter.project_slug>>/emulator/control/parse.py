"""From a request to checked values: types, enumerations, lengths and required members, all taken from AWS's model."""

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn, cast

from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape
from multidict import MultiMapping

from emulator.control.errors import BadRequestError
from emulator.state import Record

# botocore drops the minimum and maximum of most strings, but AWS says them in the names of its types.
_LENGTH = re.compile(r"LengthBetween(\d+)And(\d+)(K?)$")


def json_object(body: bytes) -> Record:
    """The body of a request; an absent one is an empty object.

    Raises:
        BadRequestError: it is no JSON object.
    """
    try:
        value = json.loads(body.decode(), parse_constant=_refuse_constant) if body else {}
    except (ValueError, RecursionError):
        raise BadRequestError("The request body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise BadRequestError("The request body must be a JSON object.")
    return value


def located(operation: OperationModel, labels: Mapping[str, str], query: MultiMapping[str]) -> Record:
    """The checked values of the path and the query string, by member name.

    Raises:
        BadRequestError: one is missing or not what the model says.
    """
    members = {name: shape for name, shape in _members(operation).items() if shape.serialization.get("location")}
    sent = {name: _sent(shape, labels, query) for name, shape in members.items()}
    values = {name: checked(name, members[name], value) for name, value in sent.items() if value is not None}
    _require(operation, members, values)
    return values


def fields(operation: OperationModel, body: Record) -> Record:
    """The checked values of the body, by member name. Members that the model does not know are ignored.

    In a PATCH an empty string in a map removes the entry, so it is let through there, whatever length the model asks of a value.

    Raises:
        BadRequestError: one is missing or not what the model says.
    """
    members = {name: shape for name, shape in _members(operation).items() if not shape.serialization.get("location")}
    values = _structure("", members, body, removals=operation.http["method"] == "PATCH")
    _require(operation, members, values)
    return values


def checked(path: str, shape: Shape, value: Any, *, removals: bool = False) -> Any:
    """The value, if the model allows it there.

    Raises:
        BadRequestError: it does not; the message begins with the path.
    """
    match shape:
        case StructureShape():
            return _structure(path, shape.members, _typed(path, value, dict, "an object"), removals=removals)
        case MapShape():
            return _map(path, shape, _typed(path, value, dict, "an object"), removals=removals)
        case ListShape():
            items = _typed(path, value, list, "a list")
            return [checked(f"{path}[{index}]", shape.member, item) for index, item in enumerate(items)]
        case StringShape():
            return _string(path, shape, _typed(path, value, str, "a string"))
        case _:
            return _scalar(path, shape, value)


def _members(operation: OperationModel) -> Mapping[str, Shape]:
    shape = operation.input_shape
    return shape.members if isinstance(shape, StructureShape) else {}


def _sent(shape: Shape, labels: Mapping[str, str], query: MultiMapping[str]) -> Any:
    name = shape.serialization["name"]
    if shape.serialization["location"] == "uri":
        return labels.get(name)
    return query.getall(name, None) if isinstance(shape, ListShape) else query.get(name)


def _require(operation: OperationModel, members: Mapping[str, Shape], values: Record) -> None:
    shape = operation.input_shape
    for name in shape.required_members if isinstance(shape, StructureShape) else ():
        if name in members and values.get(name) in (None, ""):
            raise BadRequestError(f"{name} is required.")


def _structure(path: str, members: Mapping[str, Shape], value: Record, *, removals: bool) -> Record:
    result = {}
    for name, shape in members.items():
        sent = value.get(shape.serialization.get("name", name))
        if sent is not None:
            result[name] = checked(f"{path}.{name}".lstrip("."), shape, sent, removals=removals)
    return result


def _map(path: str, shape: MapShape, value: Record, *, removals: bool) -> Record:
    result = {}
    for key, item in value.items():
        _string(f"{path} key", cast("StringShape", shape.key), key)
        removed = removals and item == ""
        result[key] = "" if removed else checked(f"{path}.{key}", shape.value, item, removals=removals)
    return result


def _typed(path: str, value: Any, kind: type, name: str) -> Any:
    if not isinstance(value, kind):
        raise BadRequestError(f"{path} must be {name}.")
    return value


def _string(path: str, shape: StringShape, value: str) -> str:
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise BadRequestError(f"{path} must be valid Unicode.")
    if shape.enum and value not in shape.enum:
        raise BadRequestError(f"{path} must be one of {', '.join(shape.enum)}.")
    lengths = _LENGTH.search(shape.name)
    if lengths:
        least, most, kilo = int(lengths[1]), int(lengths[2]), 1024 if lengths[3] else 1
        if not least <= len(value) <= most * kilo:
            raise BadRequestError(f"{path} must have {least} to {most * kilo} characters.")
    return value


def _scalar(path: str, shape: Shape, value: Any) -> Any:
    if shape.type_name == "boolean":
        return _typed(path, value, bool, "true or false")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRequestError(f"{path} must be a number.")
    if shape.type_name == "integer" and not isinstance(value, int):
        raise BadRequestError(f"{path} must be a whole number.")
    least, most = shape.metadata.get("min", -(2**31)), shape.metadata.get("max", 2**31 - 1)
    if not least <= value <= most:
        raise BadRequestError(f"{path} must be between {least} and {most}.")
    return float(value) if shape.type_name == "double" else value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
