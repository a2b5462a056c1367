"""What a person can do from the page: switch faults, disconnect a client, let time pass, restart. Each takes a JSON object."""

import asyncio
import contextlib
import json
import math
from typing import Any, Final, Protocol

from aiohttp import web

from emulator.faults import UnknownFaultError
from emulator.management import CLOSED_NORMALLY
from emulator.plane import DataPlane

MAX_ADVANCE_SECONDS: Final = 86_400.0
SETTLE_SECONDS: Final = 0.5


class Restart(Protocol):
    """How the emulator is restarted. Raises OSError."""

    async def __call__(self, *, keep_connections: bool) -> None: ...


class ActionError(Exception):
    """The request makes no sense. The text says why, to the person at the page."""


async def json_body(request: web.Request) -> dict[str, Any]:
    """The object that was posted. Raises ActionError."""
    try:
        body = json.loads(await request.text())
    except (ValueError, RecursionError):
        raise ActionError("The body is not JSON.") from None
    if not isinstance(body, dict):
        raise ActionError("The body is not a JSON object.")
    return body


async def switch_fault(plane: DataPlane, body: dict[str, Any]) -> None:
    """`{"name", "on", "value"}`: without a value the fault's default. Raises ActionError."""
    name, value = body.get("name"), _number(body.get("value"))
    if not isinstance(name, str) or (value is None and body.get("value") is not None):
        raise ActionError("A fault has a name, and its value is a number.")
    try:
        if body.get("on"):
            plane.faults.turn_on(name, value)
        else:
            plane.faults.turn_off(name)
    except UnknownFaultError as error:
        raise ActionError(str(error)) from None
    plane.journal.note("switched", name=name, value=plane.faults.value(name))


async def disconnect(plane: DataPlane, body: dict[str, Any]) -> None:
    """`{"connection_id"}`: close it as `DELETE @connections` would. Raises ActionError."""
    connection = plane.registry.get(str(body.get("connection_id")))
    if connection is None or not connection.is_open:
        raise ActionError("This connection is not open any more.")
    connection.socket.close(*CLOSED_NORMALLY)


async def advance_clock(plane: DataPlane, body: dict[str, Any]) -> None:
    """`{"seconds"}`: backend calls under way may finish first, for they would time out otherwise. Raises ActionError."""
    seconds = _number(body.get("seconds"))
    if seconds is None or not 0 < seconds <= MAX_ADVANCE_SECONDS:
        raise ActionError(f"The clock goes forward by up to {MAX_ADVANCE_SECONDS:g} seconds.")
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(plane.backend.idle.wait(), SETTLE_SECONDS)
    plane.clock.advance(seconds)
    plane.journal.note("advanced", seconds=seconds)


async def begin_again(restart: Restart, _: DataPlane, body: dict[str, Any]) -> None:
    """`{"keep_connections"}`: be killed and come back, with the connections or without. Raises ActionError."""
    keep = body.get("keep_connections", False)
    if not isinstance(keep, bool):
        raise ActionError("keep_connections is true or false.")
    await restart(keep_connections=keep)


def _number(value: object) -> float | None:
    """The value if it is a finite number, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
