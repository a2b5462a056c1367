"""What goes over a socket's wire, for people who look on: how many frames made a message, their bytes, and the control frames."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from websockets.extensions import Extension
from websockets.frames import CLOSE, CloseCode, Frame, Opcode
from websockets.typing import ExtensionName

SHORT_PAYLOAD: Final = 126
"""From this size on a frame's head has two bytes more (RFC 6455, 5.2)."""
HEAD_OUT: Final = 2
HEAD_IN: Final = 6
"""A client masks what it sends."""


class Wire(NamedTuple):
    """How a message travelled: in so many frames, of so many bytes with their heads, compressed or not."""

    frames: int
    wire_size: int
    compressed: bool


class Message(NamedTuple):
    """A text message that came in whole."""

    text: str
    wire: Wire


@dataclass(slots=True)
class ControlFrames:
    """Control frames of one kind (`ping`, `pong`, `close`) that went one way, `in` or `out`, one after the other."""

    kind: str
    direction: str
    count: int = 0
    payload: bytes = b""
    """Of the last of them."""

    @property
    def code(self) -> int:
        """The code that a close frame carries; 1005 where it carries none."""
        return int.from_bytes(self.payload[:2], "big") if len(self.payload) > 1 else CloseCode.NO_STATUS_RCVD

    @property
    def reason(self) -> str:
        return self.payload[2:].decode("utf-8", "replace")


class Tally:
    """The frames of the message that is under way in one direction."""

    __slots__ = ("compressed", "frames", "size")

    def __init__(self) -> None:
        self.frames = 0
        self.size = 0
        self.compressed = False

    def add(self, frame: Frame, head: int) -> None:
        """No frame here is so long that its head takes the third form."""
        size = len(frame.data)
        self.frames += 1
        self.size += size + head if size < SHORT_PAYLOAD else size + head + 2
        if frame.rsv1:
            self.compressed = True

    def take(self) -> Wire:
        """The whole message's; the next frame begins another."""
        wire = Wire(self.frames, self.size, self.compressed)
        self.frames, self.size, self.compressed = 0, 0, False
        return wire


class Meter(Extension):
    """Counts frames as they are on the wire: the last of a socket's extensions, so that it sees what compression makes of them."""

    name = ExtensionName("meter")

    def __init__(self) -> None:
        self.received = Tally()
        self.sent = Tally()
        self._control: dict[tuple[str, Opcode], ControlFrames] = {}

    def decode(self, frame: Frame, *, max_size: int | None = None) -> Frame:
        if frame.opcode < CLOSE:
            self.received.add(frame, HEAD_IN)
        else:
            self._note(frame, "in")
        return frame

    def encode(self, frame: Frame) -> Frame:
        if frame.opcode < CLOSE:
            self.sent.add(frame, HEAD_OUT)
        else:
            self._note(frame, "out")
        return frame

    def take_control(self) -> Iterable[ControlFrames]:
        """The control frames since the last time, each kind and direction once."""
        if not self._control:
            return ()
        taken, self._control = self._control, {}
        return taken.values()

    def _note(self, frame: Frame, direction: str) -> None:
        frames = self._control.get((direction, frame.opcode))
        if frames is None:
            frames = ControlFrames(frame.opcode.name.lower(), direction)
            self._control[direction, frame.opcode] = frames
        frames.count += 1
        if frame.opcode is CLOSE:
            frames.payload = bytes(frame.data)
