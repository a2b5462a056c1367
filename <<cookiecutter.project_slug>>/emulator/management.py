"""The management API: `@connections` POST, GET and DELETE, with the errors that AWS SDKs know (AWS facts 6)."""

import asyncio
import logging
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web

from emulator.addresses import Address
from emulator.authorization import check_signature, forbidden
from emulator.clock import sleep
from emulator.connection import Connection, State
from emulator.handshake import find_stage
from emulator.identifiers import is_well_formed
from emulator.journal import printable
from emulator.message import send
from emulator.plane import DataPlane
from emulator.refusal import HandshakeRefusedError
from gateway import limits

SERVICE: Final = "execute-api"
CLOSED_NORMALLY: Final = (1000, "Connection Closed Normally")
BODY_SECONDS: Final = 30.0

logger = logging.getLogger("emulator")


class CallError(Exception):
    """An error of the management API: HTTP status, AWS's type, and what it says."""

    def __init__(self, status: int, error_type: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error_type = error_type
        self.message = message


async def manage(plane: DataPlane, request: web.Request, segments: list[str]) -> web.StreamResponse:
    """One call of `@connections`."""
    request_id = plane.identifiers.opaque()
    began_at = plane.clock.now()
    try:
        address = find_stage(plane, request, segments)
        response = await _answer(plane, request, address, request_id)
    except HandshakeRefusedError as refused:
        error = CallError(refused.status, "ForbiddenException", refused.message)
        response = _error_response(error, request_id)
    except CallError as error:
        response = _error_response(error, request_id)
    response.headers["x-amzn-RequestId"] = request_id
    connection_id = printable(segments[-1])
    logger.info("%-11s %s -> %d", request.method.lower(), connection_id, response.status)
    plane.journal.note(
        "callback",
        connection_id=connection_id,
        request_id=request_id,
        method=request.method,
        status=response.status,
        latency_ms=round((plane.clock.now() - began_at) * 1000, 1),
        why=response.headers.get("x-amzn-ErrorType", ""),
    )
    return response


async def _answer(plane: DataPlane, request: web.Request, address: Address, request_id: str) -> web.Response:
    body = await _read_body(request)
    reason = await check_signature(request, service=SERVICE, strict=plane.switches.strict_signatures)
    if reason is not None:
        return forbidden(reason, "ForbiddenException")
    connection_id = address.connection_id
    if connection_id is None or request.method not in {"POST", "GET", "DELETE"}:
        route = "/".join(address.rest)
        raise CallError(
            404, "NotFoundException", f"No method found matching route {route} for http method {request.method}"
        )
    _pass_limits(plane, connection_id)
    if plane.latency:
        await sleep(plane.clock, plane.latency)
    if request.method == "POST" and _is_late(plane, connection_id):
        return web.Response()
    connection = await _find(plane, request.method, address, connection_id)
    match request.method:
        case "POST":
            return _post(plane, connection, body, request_id)
        case "GET":
            return web.json_response(_description(connection))
        case _:
            return _delete(plane, connection)


async def _read_body(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await request.read()
    except (web.HTTPRequestEntityTooLarge, TimeoutError):
        body = None
    if body is None or len(body) > limits.MAX_MESSAGE_BYTES:
        raise CallError(413, "PayloadTooLargeException", "Message too long")
    return body


def _pass_limits(plane: DataPlane, connection_id: str) -> None:
    status = plane.faults.value("fail-posts")
    if status is not None:
        raise CallError(int(status), "InternalServerError", "Internal server error")
    if plane.strikes("throttle-posts", connection_id) or not plane.throttles.allow_callback():
        raise CallError(429, "LimitExceededException", "Too Many Requests")


def _is_late(plane: DataPlane, connection_id: str) -> bool:
    """With the fault `late-gone`, a connection that has just closed goes on taking posts."""
    grace = plane.faults.value("late-gone")
    closed_at = plane.registry.closed_at(connection_id)
    return grace is not None and closed_at is not None and plane.clock.now() - closed_at < grace


async def _find(plane: DataPlane, method: str, address: Address, connection_id: str) -> Connection:
    """The open connection; 410 if there is none, also while its `$connect` is still running."""
    if not is_well_formed(connection_id):
        raise CallError(400, "BadRequestException", f"Invalid connectionId: {connection_id}")
    stage = address.stage
    connection = plane.registry.find(connection_id, api_id=stage.api_id, stage_name=stage.stage_name)
    wait = plane.faults.value("hang-post-during-connect")
    if wait and method == "POST" and connection is not None and connection.state is State.CONNECTING:
        plane.journal.note("fault", name="hang-post-during-connect", connection_id=connection_id)
        await sleep(plane.clock, wait)
    if connection is None or not connection.is_open:
        raise CallError(410, "GoneException", "Gone")
    return connection


def _post(plane: DataPlane, connection: Connection, body: bytes, request_id: str) -> web.Response:
    # Bytes that are not UTF-8 cannot travel in a text frame; what AWS makes of them is unknown.
    text = body.decode("utf-8", "replace").encode()
    if not send(plane, connection, text, request_id=request_id, cause="callback"):
        raise CallError(429, "LimitExceededException", "The client's outbound buffer is full")
    return web.Response()


def _delete(plane: DataPlane, connection: Connection) -> web.Response:
    connection.disconnect_wanted = plane.switches.disconnect_after_delete
    connection.socket.close(*CLOSED_NORMALLY)
    return web.Response(status=204)


def _description(connection: Connection) -> dict[str, Any]:
    caller = connection.caller
    return {
        "connectedAt": _iso(caller.connected_at),
        "lastActiveAt": _iso(connection.last_active_at),
        "identity": {"sourceIp": caller.source_ip, "userAgent": caller.user_agent},
    }


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _error_response(error: CallError, request_id: str) -> web.Response:
    body = {"message": error.message, "requestId": request_id}
    return web.json_response(body, status=error.status, headers={"x-amzn-ErrorType": error.error_type})
