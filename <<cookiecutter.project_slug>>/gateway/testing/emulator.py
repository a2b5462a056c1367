"""The emulator inside a test process: a real API Gateway on a free port, synchronous to use.

It runs on an event loop in a thread of its own. Each one has its own port, state and clock, so that parallel test processes
(pytest-xdist) never meet.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from emulator.clock import Clock
from emulator.connection import Connection, State
from emulator.control import ControlFaults
from emulator.faults import Faults
from emulator.server import Emulator
from emulator.snapshot import ControlPlane
from emulator.switches import Switches

T = TypeVar("T")

START_SECONDS = 10.0
CALL_SECONDS = 30.0
SETTLE_SECONDS = 0.5
POLL_SECONDS = 0.002


@dataclass(frozen=True, slots=True)
class OpenConnection:
    """An open connection, as seen from the gateway. Times are seconds since 1970 on the emulator's clock."""

    connection_id: str
    api_id: str
    stage_name: str
    source_ip: str
    connected_at: float
    last_active_at: float


class RunningEmulator:
    """What a test holds of an emulator that runs in another thread."""

    def __init__(self, emulator: Emulator, loop: asyncio.AbstractEventLoop) -> None:
        self._emulator = emulator
        self._loop = loop

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`: the endpoint for boto3's `apigatewayv2` and, with `/{stage}`, for `@connections`."""
        return self._emulator.url

    @property
    def port(self) -> int:
        return self._emulator.port

    @property
    def socket_url(self) -> str:
        """`ws://127.0.0.1:PORT`; sockets are at `/{stage}`."""
        return self.url.replace("http://", "ws://", 1)

    @property
    def faults(self) -> Faults:
        """What goes wrong on purpose: `faults.turn_on("lose-disconnect")`."""
        return self._emulator.faults

    @property
    def control_faults(self) -> ControlFaults:
        """What goes wrong in the control plane: `control_faults.add(Fault(kind=FaultKind.THROTTLE, times=1))`."""
        return self._emulator.control_faults

    def now(self) -> float:
        """The emulator's time, in seconds since 1970."""
        return self._emulator.clock.now()

    def advance(
        self, seconds: float = 0.0, *, minutes: float = 0.0, hours: float = 0.0, settle: float = SETTLE_SECONDS
    ) -> None:
        """Let that much time pass at once: idle connections close, old ones end, timeouts strike.

        With the fixture `api_gateway` it passes for Django too. Before and after, what is going on may come to its end, in at most
        `settle` seconds of real time: a backend call would time out otherwise, and a `$disconnect` would still be to come.
        """
        self._run(self._advance(seconds + 60 * minutes + 3600 * hours, settle))

    def settle(self, seconds: float = SETTLE_SECONDS) -> None:
        """Wait until no backend call is under way and no connection is about to close, at most so long (real time)."""
        self._run(self._settle(seconds))

    def is_calling(self) -> bool:
        """Whether a backend call is under way."""
        return not self._emulator.plane.backend.idle.is_set()

    def connections(self) -> list[OpenConnection]:
        """The connections that are open now, oldest first."""
        return self._call(self._open_connections)

    def disconnect(self, connection_id: str) -> None:
        """Close one connection as `DELETE @connections` would. Raises KeyError if it is not open."""
        self._call(lambda: self._connection(connection_id).socket.close(1000, "Connection Closed Normally"))

    def reset(self, connection_id: str) -> None:
        """Cut one connection without a close frame. Raises KeyError if it is not open."""
        self._call(lambda: self._cut(connection_id))

    def notes(self) -> list[dict[str, Any]]:
        """What happened so far, oldest first: connections, messages, backend calls with their mapped headers (secrets masked)."""
        return self._call(lambda: list(self._emulator.plane.journal.notes))

    def why_refused(self) -> str:
        """What is known of the last handshake that was refused: why, and what the backend said. Empty if none was."""
        notes = self.notes()
        refused = next((note for note in reversed(notes) if note["kind"] == "refused"), None)
        if refused is None:
            return ""
        asked = [
            f"{note['method']} {note['url']} -> {note['result']} {note.get('answer', '')}"
            for note in notes
            if note["kind"] == "integration" and note["connection_id"] == refused["connection_id"]
        ]
        return "\n".join([f"API Gateway refused it with {refused['status']}: {refused['why']}.", *asked])

    def metrics(self) -> dict[str, Any]:
        """The CloudWatch figures."""
        return self._call(self._emulator.plane.metrics.as_json)

    def restart(self, *, keep_connections: bool = False) -> None:
        """Be killed and start again on the same port, with the same state; the sockets are cut unless they are to be kept."""
        self._run(self._emulator.restart(keep_connections=keep_connections))

    async def _advance(self, seconds: float, settle: float) -> None:
        await self._settle(settle)
        self._emulator.clock.advance(seconds)
        await self._settle(settle)

    async def _settle(self, seconds: float) -> None:
        deadline = self._loop.time() + seconds
        while self._loop.time() < deadline:
            # Looked at twice: what one look just misses has begun by the next.
            if not self._is_busy() and not await self._is_busy_next():
                return
            await asyncio.sleep(POLL_SECONDS)

    async def _is_busy_next(self) -> bool:
        await asyncio.sleep(0)
        return self._is_busy()

    def _is_busy(self) -> bool:
        plane = self._emulator.plane
        closing = (each for each in plane.registry if each.state is State.OPEN and not each.is_open)
        return not plane.backend.idle.is_set() or any(closing)

    def _open_connections(self) -> list[OpenConnection]:
        return [
            OpenConnection(
                connection_id=connection.connection_id,
                api_id=connection.caller.api_id,
                stage_name=connection.caller.stage_name,
                source_ip=connection.caller.source_ip,
                connected_at=connection.caller.connected_at,
                last_active_at=connection.last_active_at,
            )
            for connection in self._emulator.plane.registry
            if connection.is_open
        ]

    def _connection(self, connection_id: str) -> Connection:
        connection = self._emulator.plane.registry.get(connection_id)
        if connection is None or not connection.is_open:
            raise KeyError(connection_id)
        return connection

    def _cut(self, connection_id: str) -> None:
        self._connection(connection_id).socket.reset()

    def _call(self, function: Callable[[], T]) -> T:
        async def call() -> T:
            return function()

        return self._run(call())

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(CALL_SECONDS)


@contextmanager
def running_emulator(
    *,
    store: ControlPlane | None = None,
    clock: Clock | None = None,
    switches: Switches | None = None,
    faults: Faults | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    latency: float = 0.0,
) -> Iterator[RunningEmulator]:
    """An emulator for the time of a `with` block. Without a store its control plane is empty: provision it, as you would AWS.

    Raises OSError if a port was asked for and is taken.
    """
    emulator = Emulator(
        host=host, port=port, store=store, clock=clock, switches=switches, faults=faults, latency=latency
    )
    loop = asyncio.new_event_loop()
    ready: Future[None] = Future()
    thread = threading.Thread(target=_serve, args=(loop, emulator, ready), name="api-gateway", daemon=True)
    thread.start()
    try:
        ready.result(START_SECONDS)
        yield RunningEmulator(emulator, loop)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(START_SECONDS)


def _serve(loop: asyncio.AbstractEventLoop, emulator: Emulator, ready: "Future[None]") -> None:
    """The thread's work: start, tell, run until the loop is stopped, clean up."""
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(emulator.start())
    except OSError as error:
        ready.set_exception(error)
        # Wait for the stop that the other thread is about to ask for.
        loop.run_forever()
    else:
        ready.set_result(None)
        loop.run_forever()
        loop.run_until_complete(emulator.stop())
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
