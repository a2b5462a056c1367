"""One socket's frames: text messages in and out, and how the conversation ends. No I/O.

AWS takes text only (1003), frames of 32 KB and messages of 128 KB (1009), reassembles fragments, answers pings and never sends any.
"""

import logging
from collections.abc import Sequence
from typing import Final

from websockets.extensions.base import Extension
from websockets.frames import BINARY, CLOSE, CONT, PING, PONG, TEXT, Close, CloseCode, Frame
from websockets.protocol import OPEN, Protocol, Side

from emulator.context import Ending
from gateway import limits

NO_STATUS_REASON: Final = "Client-side close frame status not set"
"""The reason that `$disconnect` carries with 1005 (AWS facts 1.5)."""

logger = logging.getLogger("emulator.frames")
logger.setLevel(logging.WARNING)


class GatewayProtocol(Protocol):
    """The library's protocol, but for two decisions that have to be made before it looks at the next frame."""

    def recv_frame(self, frame: Frame) -> None:
        if frame.opcode is CLOSE:
            # A client may close in the middle of a message (RFC 6455, 5.4); the library would call that a breach.
            self.current_size = None
        super().recv_frame(frame)
        if frame.opcode is BINARY:
            self.fail(CloseCode.UNSUPPORTED_DATA, "Binary frames are not supported")


class Frames:
    """The sans-I/O half of a socket: bytes in, messages out, and the bytes to write."""

    __slots__ = ("_decoded", "_protocol", "ended_by_client", "pings")

    def __init__(self, extensions: Sequence[Extension] = ()) -> None:
        sizes = (limits.MAX_MESSAGE_BYTES, limits.MAX_FRAME_BYTES)
        self._protocol = GatewayProtocol(Side.SERVER, state=OPEN, max_size=sizes, logger=logger)
        self._protocol.extensions = list(extensions)
        self._decoded = bytearray()
        self.pings = 0
        """Control frames received so far."""

    @property
    def is_open(self) -> bool:
        """Whether messages may still be sent."""
        return self._protocol.state is OPEN

    def receive(self, data: bytes) -> list[str]:
        """The text messages that these bytes complete. A breach of the rules ends the conversation instead of raising."""
        self._protocol.receive_data(data)
        messages: list[str] = []
        for frame in self._protocol.events_received():
            if not isinstance(frame, Frame) or not self._take_in(frame, messages):
                break
        return messages

    def receive_eof(self) -> None:
        """The other side will send no more bytes."""
        self._protocol.receive_eof()

    def send_text(self, data: bytes) -> None:
        """A text message, split into frames of 32 KB. The caller has checked `is_open`."""
        size = limits.MAX_FRAME_BYTES
        if len(data) <= size:
            self._protocol.send_text(data)
            return
        self._protocol.send_text(data[:size], fin=False)
        for start in range(size, len(data), size):
            self._protocol.send_continuation(data[start : start + size], fin=start + size >= len(data))

    def close(self, code: int, reason: str) -> None:
        """Start the closing handshake, once."""
        if self.is_open:
            self._protocol.send_close(code, reason)

    def take_output(self) -> list[bytes]:
        """What to write; an empty item means: no more after this."""
        return self._protocol.data_to_send()

    def is_ending(self) -> bool:
        """Whether the other side is now expected to hang up."""
        return self._protocol.close_expected()

    def ending(self) -> Ending:
        """How the conversation ended, once the socket is closed: who closed first counts; 1006 when nobody did."""
        received, sent = self._protocol.close_rcvd, self._protocol.close_sent
        client_first = received is not None and (sent is None or self._protocol.close_rcvd_then_sent is not False)
        close = received if client_first else sent
        return _ending(close)

    def _take_in(self, frame: Frame, messages: list[str]) -> bool:
        if frame.opcode is BINARY:
            return False
        if frame.opcode is TEXT or frame.opcode is CONT:
            self._decoded += frame.data
            if frame.fin:
                return self._complete(messages)
        elif frame.opcode is PING or frame.opcode is PONG:
            self.pings += 1
        return True

    def _complete(self, messages: list[str]) -> bool:
        try:
            messages.append(self._decoded.decode())
        except UnicodeDecodeError:
            self._protocol.fail(CloseCode.INVALID_DATA, "Invalid UTF-8")
            return False
        finally:
            self._decoded = bytearray()
        return True


def _ending(close: Close | None) -> Ending:
    if close is None:
        return Ending(code=CloseCode.ABNORMAL_CLOSURE, reason="")
    if close.code == CloseCode.NO_STATUS_RCVD:
        return Ending(code=CloseCode.NO_STATUS_RCVD, reason=NO_STATUS_REASON)
    return Ending(code=close.code, reason=close.reason)
