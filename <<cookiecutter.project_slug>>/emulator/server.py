"""The emulator: one process, one port. The control plane, the data plane and `@connections`, put together."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

from aiohttp import web

from emulator.addresses import CONNECTIONS, path_segments
from emulator.authorization import check_signature, forbidden, is_local_name
from emulator.clock import Clock, SystemClock
from emulator.connection import Connection
from emulator.control import ControlFaults
from emulator.control import routes as control_routes
from emulator.faults import Faults
from emulator.handshake import handshake
from emulator.identifiers import Identifiers
from emulator.inspector import inspector_routes, noted
from emulator.integration import Backend
from emulator.journal import Journal
from emulator.lifetime import GOING_AWAY
from emulator.management import manage
from emulator.plane import DataPlane
from emulator.snapshot import ControlPlane
from emulator.store import Store
from emulator.switches import Switches
from emulator.throttle import Throttles

MAX_BODY_BYTES: Final = 1_048_576

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

logger = logging.getLogger("emulator")
http_logger = logging.getLogger("emulator.http")
# aiohttp writes a traceback for every request that is not HTTP; `Emulator._guarded` logs what is a bug of ours.
http_logger.setLevel(logging.CRITICAL + 1)


class Emulator:
    """Start it inside a running event loop; every argument has a default that suits development.

    `store` is the control plane: a `Store`, or, for tests of the data plane alone, anything that implements `ControlPlane`.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        store: ControlPlane | None = None,
        clock: Clock | None = None,
        faults: Faults | None = None,
        control_faults: ControlFaults | None = None,
        switches: Switches | None = None,
        identifiers: Identifiers | None = None,
        latency: float = 0.0,
    ) -> None:
        self.host = host
        self.port = port
        self.store: ControlPlane = Store(None) if store is None else store
        self.clock: Clock = clock or SystemClock()
        self.control_faults = control_faults or ControlFaults()
        switches = switches or Switches()
        self.plane = DataPlane(
            control=self.store,
            clock=self.clock,
            switches=switches,
            faults=faults or Faults(random.random),
            identifiers=identifiers or Identifiers(),
            backend=Backend(self.clock),
            throttles=Throttles.of(self.clock, switches),
            journal=Journal(self.clock),
            latency=latency,
        )
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._restarting = asyncio.Lock()
        self._requests: set[asyncio.Transport] = set()
        """Under way on the data plane: handshakes that wait for `$connect`, calls of `@connections`."""

    @property
    def url(self) -> str:
        """`http://host:port`, once started."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def faults(self) -> Faults:
        """What goes wrong on purpose."""
        return self.plane.faults

    async def start(self) -> None:
        """Listen. Raises OSError if the port is taken."""
        await self.plane.backend.start()
        try:
            await self._serve()
        except BaseException:
            await self.plane.backend.stop()
            raise

    async def stop(self) -> None:
        """Close every socket with 1001 and stop listening. No `$disconnect` is sent: the backend may be going down as well."""
        for connection in self.plane.registry:
            _forget(connection)
            connection.socket.hang_up(*GOING_AWAY)
        await self.plane.cancel_tasks()
        await self._stop_serving()
        await self.plane.backend.stop()
        for connection in self.plane.registry:
            # Still here: its client has not read what was sent to it.
            connection.socket.reset()

    async def restart(self, *, keep_connections: bool = False) -> None:
        """Be killed and come back on the same port: sockets are cut and nobody is told, unless they are to be kept.

        Raises OSError if the port has been taken meanwhile.
        """
        async with self._restarting:
            self.plane.journal.note("restarted", keep_connections=keep_connections)
            if not keep_connections:
                await self._cut()
            if self._site is not None and self._runner is not None:
                await self._site.stop()
                self._site = await self._listen(self._runner)

    async def _cut(self) -> None:
        for connection in self.plane.registry:
            _forget(connection)
            connection.socket.reset()
        await self.plane.cancel_tasks()
        for transport in self._requests:
            transport.abort()

    async def _serve(self) -> None:
        self._runner = web.AppRunner(
            self._application(),
            access_log=None,
            logger=http_logger,
            keepalive_timeout=self.plane.switches.keep_alive,
            auto_decompress=False,
            shutdown_timeout=1.0,
        )
        try:
            await self._runner.setup()
            self._site = await self._listen(self._runner)
        except BaseException:
            await self._stop_serving()
            raise
        self.port = self._runner.addresses[0][1]

    async def _listen(self, runner: web.AppRunner) -> web.TCPSite:
        site = web.TCPSite(runner, self.host, self.port, backlog=1024)
        await site.start()
        return site

    async def _stop_serving(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _application(self) -> web.Application:
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        add = app.router.add_routes
        add(_wrapped(inspector_routes(app, self.plane, self.host, self.restart), self._guarded))
        if isinstance(self.store, Store):
            control = control_routes(
                self.store, clock=self.clock.now, faults=self.control_faults, authorize=self._authorize_control
            )
            add(_wrapped(control, lambda handler: self._guarded(noted(self.plane.journal, handler))))
        add([web.route("*", "/{path:.*}", self._guarded(self._data_plane))])
        return app

    def _guarded(self, handler: Handler) -> Handler:
        """A bug answers 500 and is reported; the client never sees more."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(request)
            except (web.HTTPException, ConnectionError):
                raise
            except Exception as error:  # noqa: BLE001
                self.plane.report_bug(error)
                return web.json_response({"message": "Internal server error"}, status=500)

        return handle

    async def _data_plane(self, request: web.Request) -> web.StreamResponse:
        """`@connections` or a handshake: the path tells."""
        segments = path_segments(request.raw_path)
        transport = request.transport
        if transport is not None:
            self._requests.add(transport)
        try:
            return await (manage if CONNECTIONS in segments else handshake)(self.plane, request, segments)
        finally:
            self._requests.discard(transport)

    async def _authorize_control(self, request: web.Request) -> web.Response | None:
        if not is_local_name(request.headers.get("Host", ""), self.host):
            return forbidden("The control plane answers under names of this machine only.", "AccessDeniedException")
        strict = self.plane.switches.strict_signatures
        reason = await check_signature(request, service="apigateway", strict=strict)
        return None if reason is None else forbidden(reason, "AccessDeniedException")


def _forget(connection: Connection) -> None:
    connection.disconnect_wanted = False
    connection.waiting.clear()
    connection.cancel_timer()


def _wrapped(routes: Iterable[web.RouteDef], wrap: Callable[[Any], Handler]) -> list[web.RouteDef]:
    return [web.RouteDef(route.method, route.path, wrap(route.handler), route.kwargs) for route in routes]
