"""What happened, for people: a bounded ring of notes, log lines, and listeners (a file being recorded, a page looking on).

Secrets are masked before a note is made: nothing here ever holds a query string's values or a mapped secret.
"""

import json
import logging
import re
from collections import deque
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TextIO
from urllib.parse import parse_qsl

from emulator.clock import Clock

SIZE: Final = 2_000
MAX_TEXT: Final = 2_000
"""Characters of a message that a note keeps."""
MASK: Final = "***"
SECRET_NAMES = re.compile(
    r"secret|token|password|authorization|cookie|credential|api-?key|websocket-key", re.IGNORECASE
)

Note = dict[str, Any]
Listener = Callable[[Note], None]

logger = logging.getLogger("emulator")


class Journal:
    """Remembers the last `SIZE` notes and tells the listeners about each new one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._listeners: list[Listener] = []
        self.notes: deque[Note] = deque(maxlen=SIZE)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Be told of every note from now on; the answer is the function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def note(self, kind: str, **facts: Any) -> None:
        """Write down what happened now."""
        entry = {"at": round(self._clock.now(), 3), "kind": kind, **facts}
        self.notes.append(entry)
        for listener in self._listeners:
            listener(entry)


class Recorder:
    """Writes every note to a file, one JSON object a line."""

    def __init__(self, path: Path) -> None:
        self._file: TextIO = path.open("a", encoding="utf-8")
        path.chmod(0o600)

    def __call__(self, note: Note) -> None:
        self._file.write(json.dumps(note, ensure_ascii=False, default=str) + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def shorten(text: str, size: int = MAX_TEXT) -> str:
    """The beginning of a text, and how long it was."""
    return text if len(text) <= size else f"{text[:size]}... ({len(text)} characters)"


def printable(text: str, size: int = 120) -> str:
    """What a client sent, fit for a line of a log: no line breaks, no bytes that a terminal obeys, not endless."""
    return shorten(text.encode("unicode_escape", "backslashreplace").decode("ascii"), size)


@lru_cache(maxsize=512)
def is_secret(name: str) -> bool:
    """Whether a header of that name carries something that nobody may read."""
    return SECRET_NAMES.search(name) is not None


def mask_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers as they may be shown."""
    return [(name, MASK if is_secret(name) else value) for name, value in headers]


def mask_url(url: str) -> str:
    """The URL with the names of its query parameters, but not their values."""
    address, _, query = url.partition("?")
    names = [name for name, _ in parse_qsl(query, keep_blank_values=True)]
    masked = "&".join(f"{name}={MASK}" for name in names)
    return f"{address}?{masked}" if masked else address
