"""`$connect`: the backend decides whether a handshake succeeds."""

from typing import Final

from emulator import metrics
from emulator.backend_request import Event
from emulator.connection import Connection
from emulator.context import CONNECT, context_of
from emulator.integration import Answer
from emulator.invocation import invoke
from emulator.parameters import Handshake
from emulator.plane import DataPlane
from emulator.refusal import HandshakeRefusedError
from emulator.snapshot import LiveStage

CONNECT_ROUTE_KEY: Final = "$connect"


async def connect(plane: DataPlane, stage: LiveStage, connection: Connection, handshake: Handshake) -> str | None:
    """Run the route, if the API has one: without it every handshake is accepted.

    Returns the subprotocol that the backend chose, which is the only thing of its answer that the client gets to see.

    Raises HandshakeRefusedError with the backend's own status, or the gateway's when the call failed (AWS facts 1.2).
    """
    route = stage.routes.get(CONNECT_ROUTE_KEY)
    if route is None:
        return None
    now = plane.clock.now()
    request_id = plane.identifiers.opaque()
    context = context_of(connection.caller, event=CONNECT, route_key=CONNECT_ROUTE_KEY, request_id=request_id, now=now)
    event = Event(context=context, trace_id=plane.identifiers.trace_id(now), handshake=handshake)
    plane.metrics.count(stage.api_id, stage.stage_name, metrics.CONNECT_COUNT)
    invocation = await invoke(plane, stage, route, event)
    plane.access_log.write(stage.access_log_format, context, invocation.outcome())
    if invocation.failure is not None:
        raise HandshakeRefusedError(
            invocation.failure.status, invocation.failure.message, detail=str(invocation.failure)
        )
    return _subprotocol(invocation.answer)


def _subprotocol(answer: Answer | None) -> str | None:
    if answer is None:
        return None
    if not answer.is_success:
        raise HandshakeRefusedError(answer.status, "", detail="the backend refused it")
    return answer.subprotocol
