"""A message's way: throttle, route, backend, reply. Nothing that goes wrong here closes the connection (AWS facts 4.2)."""

import asyncio
import logging
from dataclasses import dataclass

from emulator import metrics, replies
from emulator.access_log import Outcome
from emulator.backend_request import Event
from emulator.clock import time_limit
from emulator.connection import Connection
from emulator.context import MESSAGE, context_of
from emulator.integration import Answer
from emulator.invocation import invoke
from emulator.journal import printable, shorten
from emulator.plane import DataPlane
from emulator.selection import Selection, select_route
from emulator.snapshot import LiveStage, Route
from emulator.wire import ControlFrames, Message
from gateway import limits

logger = logging.getLogger("emulator")


@dataclass(frozen=True, slots=True)
class Reply:
    """What the client gets (None: nothing), and what the access log says."""

    frame: bytes | None
    outcome: Outcome
    cause: str = "error"


def on_message(plane: DataPlane, connection: Connection, message: Message) -> None:
    """A complete text message came in. The messages of one connection are handled concurrently."""
    if plane.strikes("reset-connections", connection.connection_id):
        connection.socket.reset()
        return
    connection.touch(plane.clock.now())
    connection.messages_in += 1
    if connection.messages_in_backend < plane.switches.concurrent_messages:
        _begin(plane, connection, message)
        return
    if not connection.waiting:
        connection.socket.hold()
    connection.waiting.append(message)


def _begin(plane: DataPlane, connection: Connection, message: Message) -> None:
    connection.messages_in_backend += 1
    plane.spawn(_handle(plane, connection, message))


def _end(plane: DataPlane, connection: Connection) -> None:
    """One message has been handled: the next that waits is begun, and once none waits the socket is read again."""
    connection.messages_in_backend -= 1
    if connection.waiting:
        _begin(plane, connection, connection.waiting.popleft())
        if not connection.waiting:
            connection.socket.release()


def on_control_frames(plane: DataPlane, connection: Connection, frames: ControlFrames) -> None:
    """Pings, pongs or a close frame came in or went out. Their payload is nobody's business, but for code and reason."""
    is_close = frames.kind == "close"
    plane.journal.note(
        "control-frames",
        connection_id=connection.connection_id,
        frame=frames.kind,
        direction=frames.direction,
        count=frames.count,
        **({"code": frames.code, "reason": plane.journal.shown(frames.reason)} if is_close else {}),
    )
    if frames.direction == "in" and not is_close and plane.switches.control_frames_reset_idle:
        connection.touch(plane.clock.now())


async def _handle(plane: DataPlane, connection: Connection, message: Message) -> None:
    try:
        if plane.switches.serial_messages:
            async with connection.turn:
                await _answer(plane, connection, message)
        else:
            await _overtaken(plane, connection)
            await _answer(plane, connection, message)
    finally:
        connection.let_pass()
        _end(plane, connection)


async def _overtaken(plane: DataPlane, connection: Connection) -> None:
    """With the fault `reorder-messages`, every other message waits until the one after it has been handled."""
    wait = plane.faults.value("reorder-messages")
    if wait is None or connection.overtaking is not None:
        return
    connection.overtaking = asyncio.Event()
    try:
        async with time_limit(plane.clock, wait):
            await connection.overtaking.wait()
    except TimeoutError:
        connection.overtaking = None


async def _answer(plane: DataPlane, connection: Connection, message: Message) -> None:
    caller = connection.caller
    text, wire = message
    stage = plane.control.live_stage(caller.api_id, caller.stage_name)
    selection = _select(stage, text)
    route_key = selection.route.route_key if selection.route else selection.selected
    now = plane.clock.now()
    context = context_of(
        caller,
        event=MESSAGE,
        route_key=route_key,
        request_id=plane.identifiers.opaque(),
        message_id=plane.identifiers.opaque(),
        now=now,
    )
    plane.metrics.count(caller.api_id, caller.stage_name, metrics.MESSAGE_COUNT)
    plane.journal.note(
        "message",
        connection_id=caller.connection_id,
        api_id=caller.api_id,
        stage=caller.stage_name,
        request_id=context["requestId"],
        text=plane.journal.shown(text),
        size=len(text.encode()),
        **wire._asdict(),
        route_key=shorten(route_key),
        why=plane.journal.shown(selection.reason),
    )
    event = Event(context=context, trace_id=plane.identifiers.trace_id(now), body=text)
    reply = await _reply(plane, stage, selection.route, event)
    if stage is not None:
        plane.access_log.write(stage.access_log_format, context, reply.outcome)
    logger.info("message     %s  %s -> %s", caller.connection_id, printable(route_key), reply.outcome.summary())
    if reply.frame is not None:
        send(plane, connection, reply.frame, request_id=context["requestId"] or "", cause=reply.cause)


def _select(stage: LiveStage | None, text: str) -> Selection:
    if stage is None:
        return Selection(None, "", "the stage has been deleted")
    return select_route(stage.route_selection_expression, stage.routes, text)


async def _reply(plane: DataPlane, stage: LiveStage | None, route: Route | None, event: Event) -> Reply:
    if stage is None or route is None:
        return _error(plane, event, Outcome(status=403, error=replies.FORBIDDEN))
    if not plane.throttles.allow_event(stage, route.route_key):
        return _error(plane, event, Outcome(status=429, error=replies.TOO_MANY_REQUESTS))
    invocation = await invoke(plane, stage, route, event)
    if invocation.answer is None or _is_error(plane, route, invocation.answer):
        outcome = invocation.outcome()
        return Reply(_frame(event, outcome.error or replies.INTERNAL_SERVER_ERROR), outcome)
    return Reply(replies.reply_to(invocation.answer.body, two_way=route.two_way), invocation.outcome(), "reply")


def _is_error(plane: DataPlane, route: Route, answer: Answer) -> bool:
    """Whether an answer makes an error frame: a reply too long for a message (unknown on AWS), and, by a switch, 4xx and 5xx."""
    if route.two_way:
        return len(answer.body) > limits.MAX_MESSAGE_BYTES
    return answer.status >= 400 and plane.switches.error_frame_on_one_way_failure


def _error(plane: DataPlane, event: Event, outcome: Outcome) -> Reply:
    api_id, stage_name = event.context["apiId"] or "", event.context["stage"] or ""
    plane.metrics.count(api_id, stage_name, metrics.CLIENT_ERROR)
    return Reply(_frame(event, outcome.error or ""), outcome)


def _frame(event: Event, message: str) -> bytes:
    connection_id, request_id = event.context["connectionId"] or "", event.context["requestId"] or ""
    return replies.error_frame(message, connection_id=connection_id, request_id=request_id)


def send(plane: DataPlane, connection: Connection, data: bytes, *, request_id: str, cause: str) -> bool:
    """Send a text message to the client. False, and nothing sent, if it is closed or reads too slowly.

    `cause` is for people: a `reply` to the request, an `error` of the gateway's, a `callback` through `@connections`.
    """
    wire = connection.socket.send(data)
    if wire is None:
        return False
    connection.touch(plane.clock.now())
    plane.metrics.count(connection.caller.api_id, connection.caller.stage_name, metrics.MESSAGE_COUNT)
    connection.messages_out += 1
    plane.journal.note(
        "sent",
        connection_id=connection.connection_id,
        request_id=request_id,
        cause=cause,
        text=plane.journal.shown(data.decode("utf-8", "replace")),
        size=len(data),
        **wire._asdict(),
    )
    return True
