"""One event loop for each process, in a thread of its own, started when it is first needed.

It survives a fork: the child gets a loop of its own and never touches the parent's sockets. It ends with the process, after the
sends under way are through, and what is still being closed has had a few seconds.
"""

import asyncio
import atexit
import os
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final, TypeVar

Result = TypeVar("Result")

FAREWELL_SECONDS: Final = 10.0
THREADS: Final = 4
"""For what blocks: resolving names, reading credentials."""

Farewell = Callable[[], Coroutine[Any, Any, None]]


class BackgroundLoop:
    """An event loop that synchronous code may hand work to."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(THREADS, "gateway-messaging"))
        self._farewells: list[Farewell] = []
        self._settling = threading.Lock()
        self._resident: Any = None
        self._holds = 0
        self._released = threading.Condition()
        self._thread = threading.Thread(target=self._serve, name="gateway-messaging", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    @property
    def alive(self) -> bool:
        """Whether the thread is there to do what it is told."""
        return self._thread.is_alive() and not self._loop.is_closed()

    def call(self, function: Callable[..., object], *arguments: Any) -> None:
        """Runs a function on the loop, soon, in the order of the calls."""
        self._loop.call_soon_threadsafe(function, *arguments)

    def run(self, coroutine: Coroutine[Any, Any, Result], timeout: float | None = None) -> Result:
        """Runs a coroutine on the loop and waits for its result. Never call it from the loop's own thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout)

    def resident(self, settle: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """What lives on this loop as long as it runs; made by `settle` the first time."""
        with self._settling:
            if self._resident is None:
                self._resident = self.run(settle())
            resident: Result = self._resident
            return resident

    def at_close(self, farewell: Farewell) -> None:
        """Registers what is awaited before the loop ends."""
        self._farewells.append(farewell)

    def hold(self, more: int) -> None:
        """Counts those that `close` waits for."""
        with self._released:
            self._holds += more
            self._released.notify_all()

    def close(self) -> None:
        """Waits for those that hold the loop, lets the farewells finish, for a bounded time, and stops the thread."""
        if not self.alive:
            return
        with self._released:
            self._released.wait_for(lambda: not self._holds)
        for farewell in self._farewells:
            try:
                self.run(farewell(), FAREWELL_SECONDS)
            except TimeoutError:
                continue
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(FAREWELL_SECONDS)
        if not self._thread.is_alive():
            self._loop.close()


class _Process:
    """What this process has: at most one loop, and those a fork left behind."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.loop: BackgroundLoop | None = None
        self.inherited: list[BackgroundLoop] = []


_process = _Process()


@contextmanager
def held() -> Iterator[BackgroundLoop]:
    """The loop of this process, a new one if there is none or its thread has died. It does not end before the block does.

    Only a daemon thread may lose it: nobody waits for those at the end of a process.
    """
    hold = 0 if threading.current_thread().daemon else 1
    with _process.lock:
        if _process.loop is None or not _process.loop.alive:
            _process.loop = BackgroundLoop()
        loop = _process.loop
        loop.hold(hold)
    try:
        yield loop
    finally:
        loop.hold(-hold)


def close() -> None:
    """Ends the loop of this process, if it has one. The next send starts another."""
    with _process.lock:
        loop, _process.loop = _process.loop, None
    if loop is not None:
        loop.close()


def before_the_end(action: Callable[[], None]) -> None:
    """Registers what is done when the process ends, while it still has its threads.

    Python shuts thread pools down before `atexit` runs, and without them no name is resolved and no credential read: what is being
    sent or closed then needs both.
    """
    register: Callable[[Callable[[], None]], object] = getattr(threading, "_register_atexit", atexit.register)
    register(action)


def _after_fork() -> None:
    # The child shares the parent's epoll descriptor: to collect the inherited loop would take the parent's sockets out of it.
    if _process.loop is not None:
        _process.inherited.append(_process.loop)
    _process.loop = None
    _process.lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)
before_the_end(close)
