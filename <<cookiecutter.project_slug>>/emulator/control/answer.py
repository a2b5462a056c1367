"""From a resource to the bytes of an answer, picked and named by AWS's model; and from an error to what botocore understands."""

from typing import Any

from aiohttp import web
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from emulator.control.errors import ControlPlaneError
from emulator.state import Record


def answered(operation: OperationModel, result: Record | None) -> web.Response:
    """The answer to a call that succeeded."""
    status = operation.http["responseCode"]
    if operation.output_shape is None or result is None:
        return web.Response(status=status)
    return web.json_response(shaped(operation.output_shape, result), status=status)


def refused(error: ControlPlaneError) -> web.Response:
    """The answer to a call that failed. botocore takes the exception's class from the header, its message from the body."""
    return web.json_response({"message": str(error)}, status=error.status, headers={"x-amzn-ErrorType": error.code})


def shaped(shape: Shape, value: Any) -> Any:
    """The value as the wire has it: only what the model names, under the names of the wire."""
    match shape:
        case StructureShape():
            return {
                member.serialization.get("name", name): shaped(member, value[name])
                for name, member in shape.members.items()
                if value.get(name) is not None
            }
        case MapShape():
            return {key: shaped(shape.value, item) for key, item in value.items()}
        case ListShape():
            return [shaped(shape.member, item) for item in value]
        case _:
            return value
