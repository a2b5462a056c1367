"""What a connection's socket hears, on its way to the step that deals with it."""

from emulator.connection import Connection
from emulator.context import Ending
from emulator.disconnect import on_close
from emulator.message import on_control_frames, on_message
from emulator.plane import DataPlane
from emulator.wire import ControlFrames, Message


class Events:
    """The listener of one connection's socket: one object, since there may be many thousands."""

    __slots__ = ("_connection", "_plane")

    def __init__(self, plane: DataPlane, connection: Connection) -> None:
        self._plane = plane
        self._connection = connection

    def on_message(self, message: Message) -> None:
        on_message(self._plane, self._connection, message)

    def on_control_frames(self, frames: ControlFrames) -> None:
        on_control_frames(self._plane, self._connection, frames)

    def on_close(self, ending: Ending) -> None:
        on_close(self._plane, self._connection, ending)
