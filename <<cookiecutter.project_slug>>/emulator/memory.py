"""Memory of a process that is nothing but the emulator."""

import gc
from typing import Final

THRESHOLDS: Final = (200_000, 20, 20)
"""Python's own 700 has the collector look through what thousands of open sockets hold, every few handshakes. What closed ones leave
to it are a few KiB each."""


def tune_garbage_collection() -> None:
    """Look for garbage less often, and never in what was loaded at the start.

    It holds for the whole process: only for one that does nothing else.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
