"""A small cache in the process, for rows that change rarely and are needed at every event."""

import threading
import time
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from gateway.conf import conf

K = TypeVar("K")
V = TypeVar("V")

MAX_ENTRIES: Final = 10_000


class TimedCache(Generic[K, V]):
    """Remembers what `load(key)` answered for `CACHE_SECONDS`; 0 turns it off.

    Another process's changes are seen when the time is up, one's own at once: connect `clear` to the model's signals.
    """

    def __init__(self, load: Callable[[K], V], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._load = load
        self._clock = clock
        self._entries: dict[K, tuple[float, V]] = {}
        self._lock = threading.Lock()
        self._generation = 0

    def get(self, key: K) -> V:
        """The value, from memory or fresh."""
        lifetime = conf().CACHE_SECONDS
        entry = self._entries.get(key)
        if entry and lifetime and self._clock() - entry[0] < lifetime:
            return entry[1]
        generation = self._generation
        value = self._load(key)
        if lifetime:
            self._keep(key, value, generation)
        return value

    def _keep(self, key: K, value: V, generation: int) -> None:
        with self._lock:
            if generation != self._generation:
                return  # cleared while we were reading: what we read may be old already
            if len(self._entries) >= MAX_ENTRIES:
                self._entries.clear()
            self._entries[key] = self._clock(), value

    def clear(self, **_: Any) -> None:
        """Forgets everything. Takes a signal's arguments, so that it can be a receiver."""
        with self._lock:
            self._generation += 1
            self._entries.clear()
