"""What the steps of the data plane share."""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from emulator.access_log import AccessLog
from emulator.clock import Clock
from emulator.connection import Registry
from emulator.faults import Faults
from emulator.identifiers import Identifiers
from emulator.integration import Backend
from emulator.journal import Journal
from emulator.metrics import Metrics
from emulator.snapshot import ControlPlane
from emulator.switches import Switches
from emulator.throttle import Throttles

logger = logging.getLogger("emulator")


@dataclass(slots=True, kw_only=True)
class DataPlane:
    """One emulated account and region: its connections, its limits and its figures."""

    control: ControlPlane
    clock: Clock
    switches: Switches
    faults: Faults
    identifiers: Identifiers
    backend: Backend
    throttles: Throttles
    journal: Journal
    latency: float = 0.0
    """Seconds added to every backend call and every call of `@connections`."""
    registry: Registry = field(default_factory=Registry)
    metrics: Metrics = field(default_factory=Metrics)
    access_log: AccessLog = field(default_factory=AccessLog)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def strikes(self, fault: str, connection_id: str) -> bool:
        """Whether a fault with a share strikes this time; people are told when it does."""
        struck = self.faults.strikes(fault)
        if struck:
            self.journal.note("fault", name=fault, connection_id=connection_id)
        return struck

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it beside everything else; a bug in it is logged, never lost."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finish)

    async def cancel_tasks(self) -> None:
        """End what is still being done."""
        while tasks := list(self._tasks):
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _finish(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.report_bug(error)

    def report_bug(self, error: BaseException) -> None:
        """What must not happen: logged with its traceback, and noted."""
        logger.error("the emulator has a bug", exc_info=error)
        self.journal.note("bug", error=type(error).__name__)
