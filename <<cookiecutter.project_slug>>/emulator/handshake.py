"""A handshake, step by step. The client waits for its 101 until `$connect` has answered (AWS facts 1.1)."""

import logging
from itertools import chain

from aiohttp import web

from emulator.addresses import Address, AmbiguousStageError, NoStageError, resolve
from emulator.connect import connect
from emulator.connection import Connection, State
from emulator.context import Caller, Ending
from emulator.disconnect import ABNORMAL, on_close
from emulator.events import Events
from emulator.frames import Frames
from emulator.journal import printable
from emulator.lifetime import start_timer
from emulator.negotiation import Agreement, negotiate
from emulator.parameters import Handshake
from emulator.plane import DataPlane
from emulator.refusal import HandshakeRefusedError
from emulator.replies import FORBIDDEN, TOO_MANY_REQUESTS
from emulator.upgrade import switch_protocols
from emulator.web_socket import WebSocket
from gateway import limits

MAX_HEADERS_BYTES = 10_240
"""All headers together: AWS's figure for REST APIs; for WebSocket APIs none is stated."""

logger = logging.getLogger("emulator")


async def handshake(plane: DataPlane, request: web.Request, segments: list[str]) -> web.StreamResponse:
    """Open a connection, or refuse it with the status that AWS or the backend gives."""
    connection_id = plane.identifiers.opaque()
    try:
        _check_size(request)
        address = find_stage(plane, request, segments)
        agreement = negotiate(request, compression=plane.switches.compression)
        _admit(plane, address)
        sent = _sent_by_client(request)
        caller = _caller(plane, request, address, connection_id, sent)
        socket = WebSocket(Frames(agreement.extensions), plane.switches)
        connection = Connection(caller=caller, socket=socket, last_active_at=caller.connected_at)
        subprotocol = await _ask_backend(plane, address, connection, sent)
    except HandshakeRefusedError as refused:
        _log_refusal(plane, request, connection_id, refused)
        return refused.response()
    return _open(plane, request, connection, agreement, subprotocol)


def find_stage(plane: DataPlane, request: web.Request, segments: list[str]) -> Address:
    """The stage that a request is for, given the segments of its path.

    Raises HandshakeRefusedError: 403 where nothing is deployed, 409 where `/{stage}` could mean several (never on AWS).
    """
    try:
        return resolve(plane.control, request.host, segments)
    except NoStageError:
        raise HandshakeRefusedError(403, FORBIDDEN, detail="no API is deployed at this address") from None
    except AmbiguousStageError as error:
        raise HandshakeRefusedError(409, str(error), detail=str(error)) from None


def _check_size(request: web.Request) -> None:
    if len(request.raw_path) > limits.MAX_HANDSHAKE_URL_LENGTH:
        raise HandshakeRefusedError(414, "URI Too Long", detail=f"the URL has {len(request.raw_path)} characters")
    # Each line has a colon, a space and a line break besides.
    size = sum(map(len, chain.from_iterable(request.raw_headers))) + 4 * len(request.raw_headers)
    if size > MAX_HEADERS_BYTES:
        raise HandshakeRefusedError(431, "Request Header Fields Too Large", detail=f"the headers have {size} bytes")


def _admit(plane: DataPlane, address: Address) -> None:
    if address.rest:
        raise HandshakeRefusedError(403, FORBIDDEN, detail="the path goes on behind the stage")
    status = plane.faults.value("refuse-connects")
    if status is not None:
        raise HandshakeRefusedError(int(status), detail="the fault refuse-connects is on")
    if not plane.throttles.allow_connect(address.stage):
        raise HandshakeRefusedError(429, TOO_MANY_REQUESTS, detail="throttled")


def _caller(plane: DataPlane, request: web.Request, address: Address, connection_id: str, sent: Handshake) -> Caller:
    return Caller(
        connection_id=connection_id,
        api_id=address.stage.api_id,
        stage_name=address.stage.stage_name,
        domain_name=address.domain_name,
        source_ip=request.remote or "",
        user_agent=next((value for name, value in sent.headers if name.lower() == "user-agent"), ""),
        connected_at=plane.clock.now(),
    )


async def _ask_backend(plane: DataPlane, address: Address, connection: Connection, sent: Handshake) -> str | None:
    """Until the backend has agreed, the connection exists but cannot be addressed (410)."""
    plane.registry.add(connection)
    try:
        return await connect(plane, address.stage, connection, sent)
    except BaseException:
        connection.state = State.CLOSED
        plane.registry.remove(connection)
        raise


def _sent_by_client(request: web.Request) -> Handshake:
    headers = [(name.decode("latin-1"), value.decode("utf-8", "replace")) for name, value in request.raw_headers]
    return Handshake(headers=headers, query_string=request.raw_path.partition("?")[2])


def _open(
    plane: DataPlane, request: web.Request, connection: Connection, agreement: Agreement, subprotocol: str | None
) -> web.StreamResponse:
    socket = connection.socket
    socket.listener = Events(plane, connection)
    try:
        response = switch_protocols(request, socket, agreement, subprotocol)
    except ConnectionResetError:
        on_close(plane, connection, Ending(code=ABNORMAL, reason=""))
        return web.Response()
    connection.state = State.OPEN
    connection.touch(plane.clock.now())
    start_timer(connection, plane.clock, plane.switches)
    caller = connection.caller
    logger.info("connected   %s  %s from %s", caller.connection_id, caller.stage_name, caller.source_ip)
    plane.journal.note(
        "connected",
        connection_id=caller.connection_id,
        api_id=caller.api_id,
        stage=caller.stage_name,
        ip=caller.source_ip,
    )
    return response


def _log_refusal(plane: DataPlane, request: web.Request, connection_id: str, refused: HandshakeRefusedError) -> None:
    path = printable(request.raw_path.partition("?")[0])
    logger.info(
        "refused     %s  %s from %s -> %d %s", connection_id, path, request.remote, refused.status, refused.detail
    )
    plane.journal.note("refused", connection_id=connection_id, path=path, status=refused.status, why=refused.detail)
