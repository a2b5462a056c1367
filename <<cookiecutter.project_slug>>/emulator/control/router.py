"""The control plane over HTTP, for any unmodified AWS SDK: find the operation, authorize, parse, do, save, answer."""

import logging
import re
import secrets
import string
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiohttp import web

from emulator.control.answer import answered, refused
from emulator.control.call import Call, Operation
from emulator.control.deployments import deploy_automatically
from emulator.control.errors import BadRequestError, ControlPlaneError, InternalError, TooLargeError, UnknownCallError
from emulator.control.faults import ControlFault, ControlFaults
from emulator.control.model import Match, match
from emulator.control.operations import DEPLOYABLE, OPERATIONS
from emulator.control.parse import fields, json_object, located
from emulator.state import Record
from emulator.store import Store

logger = logging.getLogger(__name__)

Authorize = Callable[[web.Request], Awaitable[web.Response | None]]
"""Answers a request that may not pass; None lets it through."""

DEFAULT_REGION = "us-east-1"
_CREDENTIAL_REGION = re.compile(r"Credential=[^/,\s]+/\d{8}/([a-z0-9-]{1,32})/")
_ID_ALPHABET = string.ascii_lowercase + string.digits


def routes(
    store: Store,
    *,
    clock: Callable[[], float] = time.time,
    faults: ControlFaults | None = None,
    authorize: Authorize | None = None,
) -> list[web.RouteDef]:
    """The control plane's routes, to be mounted at the root of an application.

    Args:
        store: what is read and changed.
        clock: seconds since the epoch.
        faults: failures on demand.
        authorize: checks a request's signature.
    """
    plane = ControlPlane(store, clock, faults or ControlFaults(), authorize)
    return [web.route("*", "/v2/{path:(?s:.*)}", plane.handle)]


def new_id(length: int) -> str:
    """An id as AWS makes them: lower-case letters and digits, hard to guess."""
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(length))


@dataclass(frozen=True)
class ControlPlane:
    """The handler of all control-plane requests."""

    store: Store
    clock: Callable[[], float]
    faults: ControlFaults = field(default_factory=ControlFaults)
    authorize: Authorize | None = None

    async def handle(self, request: web.Request) -> web.Response:
        """Answers one request; every refusal is a JSON answer that botocore turns into its own exception."""
        response = await self._respond(request)
        response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
        return response

    async def _respond(self, request: web.Request) -> web.Response:
        try:
            body = await _body(request)
            found = match(request.method, request.rel_url.raw_path)
            if found is None:
                raise UnknownCallError("Missing Authentication Token")
            denial = await self.authorize(request) if self.authorize else None
            return self._answer(request, found, body) if denial is None else denial
        except ControlPlaneError as error:
            return refused(error)

    def _answer(self, request: web.Request, found: Match, body: bytes) -> web.Response:
        name = found.operation.name
        fault = self.faults.next(name)
        if fault and not fault.after:
            return _failed(request, fault)
        operation = OPERATIONS.get(name)
        if operation is None:
            raise BadRequestError(f"{name} is not emulated: only WEBSOCKET APIs with HTTP_PROXY integrations are.")
        result = self._perform(operation, self._call(request, found, body), found)
        return _failed(request, fault) if fault else answered(found.operation, result)

    def _perform(self, operation: Operation, call: Call, found: Match) -> Record | None:
        result = operation(self.store.state, call)
        if found.operation.http["method"] != "GET":
            if found.operation.name in DEPLOYABLE:
                deploy_automatically(self.store.state.apis[call.ids["ApiId"]], call)
            self._save()
        return result

    def _save(self) -> None:
        try:
            self.store.changed()
        except OSError as error:
            logger.error("The emulator's state cannot be saved in %s: %s", self.store.path, error.strerror)  # noqa: TRY400
            raise InternalError(f"The emulator cannot save its state: {error.strerror}") from None

    def _call(self, request: web.Request, found: Match, body: bytes) -> Call:
        region = _CREDENTIAL_REGION.search(request.headers.get("Authorization", ""))
        return Call(
            ids=located(found.operation, found.labels, request.query),
            fields=fields(found.operation, json_object(body)),
            now=datetime.fromtimestamp(self.clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            new_id=new_id,
            socket_base=f"ws://{request.host}",
            region=region[1] if region else DEFAULT_REGION,
            refused_sources=self.faults.refused_sources,
        )


def _failed(request: web.Request, fault: ControlFault) -> web.Response:
    error = fault.error()
    if error:
        return refused(error)
    if request.transport:
        request.transport.abort()
    return web.Response()


async def _body(request: web.Request) -> bytes:
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise TooLargeError("Request body is too large.") from None
