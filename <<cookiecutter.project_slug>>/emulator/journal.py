"""What happened, for people: a bounded ring of notes, log lines, and listeners (a file being recorded, a page looking on).

Secrets are masked before a note is made: nothing here ever holds a query string's values or a mapped secret. Texts that came from
outside are noted as `Journal.shown` gives them.
"""

import json
import logging
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TextIO

from emulator.clock import Clock
from emulator.masking import Masker

SIZE: Final = 2_000
MAX_TEXT: Final = 2_000
"""Characters of a message that a note keeps."""
SPARE: Final = 1_024
"""Characters more that are looked through for secrets, so that the end of a shown text is never the beginning of one."""

Note = dict[str, Any]
Listener = Callable[[Note], None]

logger = logging.getLogger("emulator")


class Journal:
    """Remembers the last `SIZE` notes and tells the listeners about each new one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._listeners: list[Listener] = []
        self.notes: deque[Note] = deque(maxlen=SIZE)
        self.total = 0
        """Notes made so far, the forgotten ones included."""
        self.masker = Masker()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Be told of every note from now on; the answer is the function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def note(self, kind: str, **facts: Any) -> None:
        """Write down what happened now."""
        entry = {"at": round(self._clock.now(), 4), "kind": kind, **facts}
        self.notes.append(entry)
        self.total += 1
        for listener in self._listeners:
            listener(entry)

    def shown(self, text: str) -> str:
        """The beginning of a text from outside, without secrets."""
        if not text:
            return ""
        if len(text) <= MAX_TEXT:
            return self.masker.text(text)
        return f"{self.masker.text(text[: MAX_TEXT + SPARE])[:-SPARE]}... ({len(text)} characters)"


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
