"""One open socket: the asyncio side of `frames`. Every buffer it has is bounded."""

import asyncio
from typing import Final, Protocol

from emulator.context import Ending
from emulator.frames import Frames
from emulator.switches import Switches
from emulator.wire import ControlFrames, Message, Wire

READ_BYTES: Final = 16_384
"""Read at once. All of it is looked at in one go, and a few bytes of it may grow to a frame of 32 KB."""


class Listener(Protocol):
    """Is told what comes in, and once that it is over."""

    def on_message(self, message: Message) -> None: ...

    def on_control_frames(self, frames: ControlFrames) -> None: ...

    def on_close(self, ending: Ending) -> None: ...


class Deaf:
    """Before a socket is open, and when it has told its end."""

    def on_message(self, message: Message) -> None:
        return

    def on_control_frames(self, frames: ControlFrames) -> None:
        return

    def on_close(self, ending: Ending) -> None:
        return


NOBODY: Final = Deaf()


class WebSocket(asyncio.BufferedProtocol):
    """Takes over a transport once the handshake has been answered.

    Reading stops while the client reads too slowly (its pongs would pile up) or too many of its messages are in the backend.
    """

    __slots__ = (
        "_cutter",
        "_frames",
        "_holds",
        "_incoming",
        "_is_clogged",
        "_switches",
        "_transport",
        "listener",
    )

    def __init__(self, frames: Frames, switches: Switches) -> None:
        self._frames = frames
        self._switches = switches
        self._transport: asyncio.Transport | None = None
        self._cutter: asyncio.TimerHandle | None = None
        self._incoming = bytearray()
        self._holds = 0
        self._is_clogged = False
        self.listener: Listener = NOBODY

    @property
    def is_open(self) -> bool:
        """Whether messages may still be sent."""
        return self._transport is not None and self._frames.is_open

    def take_over(self, transport: asyncio.Transport) -> None:
        """Start reading frames from a transport that has answered 101."""
        self._transport = transport
        transport.set_write_buffer_limits(high=self._switches.outbound_buffer_bytes)
        transport.set_protocol(self)
        transport.resume_reading()

    def send(self, data: bytes) -> Wire | None:
        """Queue a text message. None, and nothing sent, when the client is not reading and its buffer is full."""
        if self._transport is None or not self._frames.is_open:
            return None
        waiting = self._transport.get_write_buffer_size()
        if waiting and waiting + len(data) > self._switches.outbound_buffer_bytes:
            return None
        wire = self._frames.send_text(data)
        self._flush()
        return wire

    def close(self, code: int, reason: str) -> None:
        """Start the closing handshake; a client that does not answer it is cut off."""
        self._frames.close(code, reason)
        self._flush()

    def hang_up(self, code: int, reason: str) -> None:
        """Send a close frame and do not wait for the answer."""
        self.close(code, reason)
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        """Cut the connection without a close frame."""
        if self._transport is not None:
            self._transport.abort()

    def hold(self) -> None:
        """Stop reading; each hold needs its `release`."""
        self._holds += 1
        self._read_or_wait()

    def release(self) -> None:
        """Undo one `hold`."""
        self._holds -= 1
        self._read_or_wait()

    def get_buffer(self, sizehint: int) -> bytearray:
        self._incoming = bytearray(READ_BYTES)
        return self._incoming

    def buffer_updated(self, nbytes: int) -> None:
        data, self._incoming = self._incoming[:nbytes], bytearray()
        for message in self._frames.receive(data):
            self.listener.on_message(message)
        # Last, because a close frame among these bytes ends everything.
        self._flush()

    def eof_received(self) -> bool:
        self._frames.receive_eof()
        self._flush()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._frames.receive_eof()
        self._transport = None
        if self._cutter is not None:
            self._cutter.cancel()
        self._conclude()

    def pause_writing(self) -> None:
        self._is_clogged = True
        self._read_or_wait()

    def resume_writing(self) -> None:
        self._is_clogged = False
        self._read_or_wait()

    def _flush(self) -> None:
        output = self._frames.take_output()
        for frames in self._frames.take_control():
            self.listener.on_control_frames(frames)
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        data = b"".join(output)
        if data:
            transport.write(data)
        if not self._frames.is_open and self._cutter is None:
            self._await_hang_up(transport)
        if b"" in output:
            transport.write_eof()
            self._conclude()

    def _conclude(self) -> None:
        """Nothing more will be said: tell, once, without waiting for the other side to hang up."""
        # The listener holds the connection, which holds this socket: break the circle.
        listener, self.listener = self.listener, NOBODY
        listener.on_close(self._frames.ending())

    def _await_hang_up(self, transport: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        self._cutter = loop.call_later(self._switches.close_timeout, transport.abort)
        self._read_or_wait()

    def _read_or_wait(self) -> None:
        """Read unless it is held. The client's close frame is read whatever is held, but nothing while pongs would pile up."""
        transport = self._transport
        if transport is None:
            return
        if self._is_clogged or (self._holds and self._frames.is_open):
            transport.pause_reading()
        else:
            transport.resume_reading()
