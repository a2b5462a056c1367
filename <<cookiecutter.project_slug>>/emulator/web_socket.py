"""One open socket: the asyncio side of `frames`. Every buffer it has is bounded."""

import asyncio
from collections.abc import Callable

from emulator.context import Ending
from emulator.frames import Frames
from emulator.switches import Switches

OnMessage = Callable[[str], None]
OnClose = Callable[[Ending], None]


class WebSocket(asyncio.Protocol):
    """Takes over a transport once the handshake has been answered.

    Reading stops while the client reads too slowly (its pongs would pile up) or too many of its messages are in the backend.
    """

    __slots__ = (
        "_cutter",
        "_frames",
        "_holds",
        "_switches",
        "_transport",
        "on_close",
        "on_control_frames",
        "on_message",
    )

    def __init__(self, frames: Frames, switches: Switches) -> None:
        self._frames = frames
        self._switches = switches
        self._transport: asyncio.Transport | None = None
        self._cutter: asyncio.TimerHandle | None = None
        self._holds = 0
        self.on_message: OnMessage = _ignore
        self.on_control_frames: Callable[[int], None] = _ignore
        self.on_close: OnClose = _ignore

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

    def send(self, data: bytes) -> bool:
        """Queue a text message. False, and nothing sent, when the client is not reading and its buffer is full."""
        if self._transport is None or not self._frames.is_open:
            return False
        waiting = self._transport.get_write_buffer_size()
        if waiting and waiting + len(data) > self._switches.outbound_buffer_bytes:
            return False
        self._frames.send_text(data)
        self._flush()
        return True

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
        if self._transport is not None and self._holds == 1:
            self._transport.pause_reading()

    def release(self) -> None:
        """Undo one `hold`."""
        self._holds -= 1
        if self._transport is not None and not self._transport.is_closing() and self._holds == 0:
            self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        pings = self._frames.pings
        messages = self._frames.receive(data)
        for message in messages:
            self.on_message(message)
        if self._frames.pings != pings:
            self.on_control_frames(self._frames.pings - pings)
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
        self.hold()

    def resume_writing(self) -> None:
        self.release()

    def _flush(self) -> None:
        transport = self._transport
        output = self._frames.take_output()
        if transport is None or transport.is_closing():
            return
        data = b"".join(output)
        if data:
            transport.write(data)
        if self._frames.is_ending() and self._cutter is None:
            self._await_hang_up(transport)
        if b"" in output:
            transport.write_eof()
            self._conclude()

    def _conclude(self) -> None:
        """Nothing more will be said: tell, once, without waiting for the other side to hang up."""
        on_close = self.on_close
        # The callbacks hold the connection, which holds this socket: break the circle.
        self.on_message, self.on_control_frames, self.on_close = _ignore, _ignore, _ignore
        on_close(self._frames.ending())

    def _await_hang_up(self, transport: asyncio.Transport) -> None:
        # The client's close frame must be read, whatever holds the reading.
        transport.resume_reading()
        loop = asyncio.get_running_loop()
        self._cutter = loop.call_later(self._switches.close_timeout, transport.abort)


def _ignore(_: object) -> None:
    return
