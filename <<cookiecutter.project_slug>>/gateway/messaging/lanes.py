"""Per-connection order: a connection has one call under way, the others wait in line behind it."""

from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Lanes(Generic[Item]):
    """Holds only connections with a call under way, so it never grows beyond what is in flight."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Item] | None] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def enter(self, connection_id: str, item: Item) -> bool:
        """True if the item may go now; otherwise it waits and `leave` will return it."""
        if connection_id not in self._waiting:
            self._waiting[connection_id] = None
            return True
        line = self._waiting[connection_id]
        if line is None:
            line = self._waiting[connection_id] = deque()
        line.append(item)
        return False

    def leave(self, connection_id: str) -> Item | None:
        """The call under way is final: the next one in line, if any, which then is under way."""
        line = self._waiting[connection_id]
        if line:
            return line.popleft()
        del self._waiting[connection_id]
        return None
