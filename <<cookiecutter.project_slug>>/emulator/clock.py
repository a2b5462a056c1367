"""Time, handed in: the emulator never looks at a clock of its own.

Both clocks can be advanced, so that a two-hour life passes in a test at once: every timer due on the way fires, in order,
at its own time.
"""

import asyncio
import heapq
import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

COMPACT_ABOVE = 256
"""Cancelled timers that may lie in the queue before it is swept."""


class Timer:
    """A callback that will run at `due` (seconds since 1970) unless it is cancelled first."""

    __slots__ = ("_on_cancel", "callback", "due")

    def __init__(self, due: float, callback: Callable[[], None], on_cancel: Callable[[], None]) -> None:
        self.due = due
        self.callback: Callable[[], None] | None = callback
        self._on_cancel = on_cancel

    def __lt__(self, other: "Timer") -> bool:
        return self.due < other.due

    def cancel(self) -> None:
        """Forget the callback; harmless when it has run."""
        if self.callback is not None:
            self.callback = None
            self._on_cancel()


class Clock(Protocol):
    """What the data plane and the control plane need of time."""

    def now(self) -> float:
        """Seconds since 1970."""

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Run the callback once, on the event loop, after that many seconds."""

    def advance(self, seconds: float) -> None:
        """Let that much time pass now, firing what falls due in it."""


class ManualClock:
    """Stands still until it is advanced."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._now = start
        self._queue: list[Timer] = []
        self._cancelled = 0
        self._on_cancel = self._count_cancelled

    def now(self) -> float:
        return self._now

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        timer = Timer(self.now() + max(seconds, 0.0), callback, self._on_cancel)
        heapq.heappush(self._queue, timer)
        return timer

    def advance(self, seconds: float) -> None:
        end = self.now() + seconds
        while self._queue and self._queue[0].due <= end:
            self._jump_to(max(self._queue[0].due, self.now()))
            self._run_first()
        self._jump_to(end)

    def _jump_to(self, moment: float) -> None:
        self._now = moment

    def _run_first(self) -> None:
        timer = heapq.heappop(self._queue)
        callback, timer.callback = timer.callback, None
        if callback is None:
            self._cancelled -= 1
        else:
            callback()

    def _count_cancelled(self) -> None:
        self._cancelled += 1
        if self._cancelled > COMPACT_ABOVE and self._cancelled > len(self._queue) // 2:
            self._queue = [timer for timer in self._queue if timer.callback is not None]
            heapq.heapify(self._queue)
            self._cancelled = 0


class SystemClock(ManualClock):
    """Real time, plus whatever a test has added to it."""

    def __init__(self) -> None:
        self._ahead = time.time() - time.monotonic()
        self._alarm: asyncio.TimerHandle | None = None
        super().__init__(start=0.0)

    def now(self) -> float:
        return time.monotonic() + self._ahead

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        timer = super().call_later(seconds, callback)
        if self._alarm is None or self._queue[0] is timer:
            self._set_alarm()
        return timer

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        self._set_alarm()

    def _jump_to(self, moment: float) -> None:
        # Real time may have passed the moment while callbacks ran; it is never turned back.
        self._ahead += max(moment - self.now(), 0.0)

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._queue:
            wait = max(self._queue[0].due - self.now(), 0.0)
            self._alarm = asyncio.get_running_loop().call_later(wait, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self.advance(0.0)


async def sleep(clock: Clock, seconds: float) -> None:
    """Wait on that clock."""
    done = asyncio.Event()
    timer = clock.call_later(seconds, done.set)
    try:
        await done.wait()
    finally:
        timer.cancel()


class time_limit:  # noqa: N801
    """`async with time_limit(clock, 29):` cancels what runs inside after that many seconds of the clock.

    Raises TimeoutError, as `asyncio.timeout` does on the loop's own clock.
    """

    __slots__ = ("_clock", "_deadline", "_seconds", "_timer")

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._deadline = asyncio.timeout(None)

    async def __aenter__(self) -> None:
        await self._deadline.__aenter__()
        self._timer = self._clock.call_later(self._seconds, self._expire)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timer.cancel()
        await self._deadline.__aexit__(kind, error, traceback)

    def _expire(self) -> None:
        self._deadline.reschedule(0.0)
