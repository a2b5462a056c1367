"""A connection, from its handshake to its `$disconnect`, and the registry of all of them."""

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from emulator.clock import Timer
from emulator.context import Caller
from emulator.web_socket import WebSocket
from emulator.wire import Message

CLOSED_KEPT: Final = 1_000


class State(Enum):
    """Only an open connection can be addressed through `@connections`."""

    CONNECTING = auto()
    OPEN = auto()
    CLOSED = auto()


@dataclass(slots=True, eq=False)
class Connection:
    """One client's connection to one stage of one API."""

    caller: Caller
    socket: WebSocket
    last_active_at: float
    state: State = State.CONNECTING
    messages_in: int = 0
    messages_out: int = 0
    messages_in_backend: int = 0
    timer: Timer | None = None
    """Goes off at the nearer of the two walls; see `lifetime`."""
    waiting: deque[Message] = field(default_factory=deque)
    """Messages that have come in but may not be begun yet; the socket is not read while there are any."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by the message being handled, where messages are handled one after the other."""
    overtaking: asyncio.Event | None = None
    """Set when the message that may overtake a waiting one has been handled."""
    disconnect_wanted: bool = True
    """Cleared where nobody is to be told of the end."""

    @property
    def connection_id(self) -> str:
        return self.caller.connection_id

    @property
    def is_open(self) -> bool:
        """Whether it can be addressed: `$connect` has finished, and nobody has begun to close it."""
        return self.state is State.OPEN and self.socket.is_open

    def touch(self, now: float) -> None:
        """A message went in or out."""
        self.last_active_at = now

    def let_pass(self) -> None:
        """A message has been handled: the one that waited for it, if any, goes on."""
        if self.overtaking is not None:
            self.overtaking.set()
            self.overtaking = None

    def cancel_timer(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class Registry:
    """The connections that exist now, by id."""

    def __init__(self) -> None:
        self._connections: dict[str, Connection] = {}
        self._closed_at: dict[str, float] = {}

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._connections.values()))

    def __len__(self) -> int:
        return len(self._connections)

    def add(self, connection: Connection) -> None:
        self._connections[connection.connection_id] = connection

    def remove(self, connection: Connection, *, closed_at: float | None = None) -> None:
        """Forget it, but for the moment when it closed; harmless when it is forgotten already."""
        self._connections.pop(connection.connection_id, None)
        if closed_at is not None:
            self._closed_at[connection.connection_id] = closed_at
            if len(self._closed_at) > CLOSED_KEPT:
                del self._closed_at[next(iter(self._closed_at))]

    def closed_at(self, connection_id: str) -> float | None:
        """When one of the last connections closed, in seconds since 1970."""
        return self._closed_at.get(connection_id)

    def get(self, connection_id: str) -> Connection | None:
        return self._connections.get(connection_id)

    def find(self, connection_id: str, *, api_id: str, stage_name: str) -> Connection | None:
        """The connection of that id, if it belongs to that stage."""
        connection = self._connections.get(connection_id)
        if connection is None or (connection.caller.api_id, connection.caller.stage_name) != (api_id, stage_name):
            return None
        return connection
