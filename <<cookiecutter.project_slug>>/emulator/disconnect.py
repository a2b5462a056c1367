"""The end of a connection, and `$disconnect`: after the socket has gone, with its code and reason, at most once, best effort."""

import logging

from emulator.backend_request import Event
from emulator.clock import sleep
from emulator.connection import Connection, State
from emulator.context import DISCONNECT, Ending, context_of
from emulator.invocation import invoke
from emulator.journal import printable
from emulator.plane import DataPlane

DISCONNECT_ROUTE_KEY = "$disconnect"
ABNORMAL = 1006

logger = logging.getLogger("emulator")


def on_close(plane: DataPlane, connection: Connection, ending: Ending) -> None:
    """The socket has gone: forget the connection at once (410 from now on) and tell the backend."""
    connection.state = State.CLOSED
    connection.cancel_timer()
    plane.registry.remove(connection, closed_at=plane.clock.now())
    logger.info("closed      %s  %d %s", connection.connection_id, ending.code, printable(ending.reason))
    reason = plane.journal.shown(ending.reason)
    plane.journal.note("closed", connection_id=connection.connection_id, code=ending.code, reason=reason)
    if is_wanted(plane, connection, ending):
        plane.spawn(_disconnect(plane, connection, ending))


def is_wanted(plane: DataPlane, connection: Connection, ending: Ending) -> bool:
    """Whether `$disconnect` is to run."""
    if not connection.disconnect_wanted or plane.strikes("lose-disconnect", connection.connection_id):
        return False
    return ending.code != ABNORMAL or plane.switches.disconnect_on_loss


async def _disconnect(plane: DataPlane, connection: Connection, ending: Ending) -> None:
    delay = plane.faults.value("delay-disconnect")
    if delay:
        await sleep(plane.clock, delay)
    await _call(plane, connection, ending)
    if plane.strikes("duplicate-disconnect", connection.connection_id):
        await _call(plane, connection, ending)


async def _call(plane: DataPlane, connection: Connection, ending: Ending) -> None:
    caller = connection.caller
    stage = plane.control.live_stage(caller.api_id, caller.stage_name)
    route = stage.routes.get(DISCONNECT_ROUTE_KEY) if stage else None
    if stage is None or route is None:
        return
    now = plane.clock.now()
    context = context_of(
        caller,
        event=DISCONNECT,
        route_key=DISCONNECT_ROUTE_KEY,
        request_id=plane.identifiers.opaque(),
        now=now,
        ending=ending,
    )
    invocation = await invoke(plane, stage, route, Event(context=context, trace_id=plane.identifiers.trace_id(now)))
    plane.access_log.write(stage.access_log_format, context, invocation.outcome())
    logger.info("$disconnect %s  -> %s", caller.connection_id, invocation.outcome().summary())
