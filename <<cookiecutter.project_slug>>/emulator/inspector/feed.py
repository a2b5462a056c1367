"""The live feed: server-sent events with the notes of the journal, and how things stand whenever that has changed.

A reader is a position in the journal's ring, nothing more: one that falls behind misses notes and is told how many, one that does
not read at all is cut off.
"""

import asyncio
import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from aiohttp import web

from emulator.journal import Journal, Note

MAX_READERS: Final = 16
CHUNK: Final = 100
"""Notes in one event."""
TICK_SECONDS: Final = 1.0
GATHER_SECONDS: Final = 0.1
"""Notes that follow each other within this time travel together."""
OVERVIEW_SECONDS: Final = 0.4
"""How things stand is told no oftener than this."""
SLOW_SECONDS: Final = 10.0
HEADERS: Final = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class TooManyReadersError(Exception):
    """`MAX_READERS` pages look on already."""


@dataclass(eq=False)
class Reader:
    """One page that looks on, and how far it has read."""

    position: int
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    told: dict[str, Any] = field(default_factory=dict)
    """How things stood when it was last told."""
    told_at: float = float("-inf")


class Feed:
    """Tells the readers. `close` ends them all, so that the server can stop."""

    def __init__(self, journal: Journal, overview: Callable[[], dict[str, Any]]) -> None:
        self._journal = journal
        self._overview = overview
        self._run = secrets.token_hex(4)
        self._readers: set[Reader] = set()
        self._closed = False
        self._stop_listening = journal.listen(self._wake)

    def close(self) -> None:
        """End every reader."""
        self._closed = True
        self._stop_listening()
        self.wake()

    def wake(self) -> None:
        """Something has changed that is no note."""
        for reader in self._readers:
            reader.woken.set()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One reader, until it leaves.

        Raises TooManyReadersError.
        """
        with self._reader(request.headers.get("Last-Event-ID", "")) as reader:
            response = web.StreamResponse(headers=HEADERS)
            try:
                await response.prepare(request)
                await self._tell(reader, response)
            except TimeoutError:
                if request.transport is not None:
                    request.transport.abort()
            except ConnectionError:
                pass
            return response

    @contextmanager
    def _reader(self, last_event_id: str) -> Iterator[Reader]:
        if len(self._readers) >= MAX_READERS:
            raise TooManyReadersError
        reader = Reader(self._position(last_event_id))
        self._readers.add(reader)
        try:
            yield reader
        finally:
            self._readers.discard(reader)

    def _position(self, last_event_id: str) -> int:
        """Where a page goes on that has lost its connection: `RUN-NUMBER`. Another run's numbers mean nothing here."""
        run, _, number = last_event_id.partition("-")
        if run != self._run or not number.isdecimal():
            return 0
        return min(int(number[:18]), self._journal.total)

    async def _tell(self, reader: Reader, response: web.StreamResponse) -> None:
        await _write(response, event("hello", {"run": self._run}))
        while not self._closed:
            reader.woken.clear()
            for data in self._unread(reader):
                await _write(response, data)
            await _write(response, self._how_things_stand(reader))
            await self._wait(reader)

    def _how_things_stand(self, reader: Reader) -> bytes:
        """The overview if it is news to the reader, else a sign of life: writing it shows whether the reader is still there."""
        now = asyncio.get_running_loop().time()
        if now - reader.told_at >= OVERVIEW_SECONDS:
            overview = self._overview()
            if _lasting(overview) != _lasting(reader.told):
                reader.told, reader.told_at = overview, now
                return event("overview", overview)
        return b": still here\n\n"

    async def _wait(self, reader: Reader) -> None:
        try:
            async with asyncio.timeout(TICK_SECONDS):
                await reader.woken.wait()
        except TimeoutError:
            return
        if not self._closed:
            await asyncio.sleep(GATHER_SECONDS)

    def _unread(self, reader: Reader) -> Iterator[bytes]:
        """The notes since the reader's position, a chunk at a time; the ring may move on between two chunks."""
        while reader.position < self._journal.total:
            notes, missed = notes_after(self._journal, reader.position)
            reader.position += missed + len(notes)
            yield event("notes", {"notes": notes, "missed": missed}, f"{self._run}-{reader.position}")

    def _wake(self, _: Note) -> None:
        self.wake()


def notes_after(journal: Journal, position: int) -> tuple[Sequence[Note], int]:
    """The next notes, at most `CHUNK`, and how many before them are forgotten already."""
    oldest = journal.total - len(journal.notes)
    missed = max(oldest - position, 0)
    start = position + missed - oldest
    return list(islice(journal.notes, start, start + CHUNK)), missed


def event(name: str, data: object, event_id: str = "") -> bytes:
    """One server-sent event. JSON has no line breaks."""
    head = f"id: {event_id}\n" if event_id else ""
    return f"{head}event: {name}\ndata: {json.dumps(data, ensure_ascii=False, default=str)}\n\n".encode(
        "utf-8", "replace"
    )


def _lasting(overview: dict[str, Any]) -> dict[str, Any]:
    """What is worth telling: the time alone is not."""
    return {name: value for name, value in overview.items() if name != "now"}


async def _write(response: web.StreamResponse, data: bytes) -> None:
    async with asyncio.timeout(SLOW_SECONDS):
        await response.write(data)
