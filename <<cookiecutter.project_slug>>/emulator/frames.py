"""One socket's frames: text messages in and out, and how the conversation ends. No I/O.

AWS takes text only (1003), frames of 32 KB and messages of 128 KB (1009), reassembles fragments, answers pings and never sends any.
"""

import logging
import zlib
from collections.abc import Iterable, Sequence
from typing import Final

from websockets.exceptions import ProtocolError
from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import BINARY, CLOSE, CONT, TEXT, Close, CloseCode, Frame
from websockets.protocol import OPEN, Protocol, Side

from emulator.context import Ending
from emulator.wire import ControlFrames, Message, Meter, Wire
from gateway import limits

NO_STATUS_REASON: Final = "Client-side close frame status not set"
"""The reason that `$disconnect` carries with 1005 (AWS facts 1.5)."""
END_OF_MESSAGE: Final = b"\x00\xff"
"""The bytes that the end of a compressed message consists of (RFC 7692, 7.2.1 and 7.2.3.4)."""

logger = logging.getLogger("emulator.frames")
logger.setLevel(logging.WARNING)


class GatewayProtocol(Protocol):
    """The library's protocol, but for what has to be decided before it looks at the next frame."""

    def __init__(self, extensions: Sequence[Extension]) -> None:
        # The library would count control frames in between towards a message's limit: that limit is kept here.
        super().__init__(Side.SERVER, state=OPEN, max_size=(None, limits.MAX_FRAME_BYTES), logger=logger)
        self.meter = Meter()
        self.extensions = [*extensions, self.meter]
        self._deflate = next((each for each in extensions if isinstance(each, PerMessageDeflate)), None)
        self._text = bytearray()
        self._messages: list[Message] = []

    def take_messages(self) -> list[Message]:
        """The messages that have become complete since the last time."""
        messages, self._messages = self._messages, []
        return messages

    def recv_frame(self, frame: Frame) -> None:
        if frame.opcode is CLOSE:
            # A client may close in the middle of a message (RFC 6455, 5.4); the library would call that a breach.
            self.current_size = None
        super().recv_frame(frame)
        self.events.clear()
        if self.current_size:
            # Or the library would add what came before to the limit that it names when a frame is too large.
            self.current_size = 0
        if self.state is not OPEN:
            # What a client says after the gateway has said good-bye is not listened to.
            return
        if frame.opcode is BINARY:
            self.fail(CloseCode.UNSUPPORTED_DATA, "Binary frames are not supported")
        elif frame.opcode is TEXT or frame.opcode is CONT:
            if self._deflate is not None:
                self._renew_decoder(self._deflate)
            self._take_in(frame)

    def _take_in(self, frame: Frame) -> None:
        self._text += frame.data
        if len(self._text) > limits.MAX_MESSAGE_BYTES:
            self.fail(CloseCode.MESSAGE_TOO_BIG, f"The message has more than {limits.MAX_MESSAGE_BYTES} bytes")
        elif frame.fin:
            data, self._text = self._text, bytearray()
            self._messages.append(Message(data.decode(), self.meter.received.take()))

    @staticmethod
    def _renew_decoder(deflate: PerMessageDeflate) -> None:
        """A client may end its compressed data and begin anew (RFC 7692, 7.2.3.4): zlib would swallow, and keep, what follows."""
        decoder: zlib._Decompress | None = getattr(deflate, "decoder", None)
        if decoder is None or not decoder.eof:
            return
        if decoder.unused_data.strip(END_OF_MESSAGE):
            raise ProtocolError("data behind the end of the compressed data")
        deflate.decoder = zlib.decompressobj(wbits=-deflate.remote_max_window_bits)


class Frames:
    """The sans-I/O half of a socket: bytes in, messages out, and the bytes to write."""

    __slots__ = ("_protocol",)

    def __init__(self, extensions: Sequence[Extension] = ()) -> None:
        self._protocol = GatewayProtocol(extensions)

    @property
    def is_open(self) -> bool:
        """Whether messages may still be sent."""
        return self._protocol.state is OPEN

    def receive(self, data: bytes | bytearray) -> list[Message]:
        """The text messages that these bytes complete. A breach of the rules ends the conversation instead of raising."""
        self._protocol.receive_data(data)
        return self._protocol.take_messages()

    def receive_eof(self) -> None:
        """The other side will send no more bytes."""
        self._protocol.receive_eof()

    def send_text(self, data: bytes) -> Wire:
        """A text message, split into frames of 32 KB. The caller has checked `is_open`."""
        size = limits.MAX_FRAME_BYTES
        self._protocol.send_text(data[:size], fin=len(data) <= size)
        for start in range(size, len(data), size):
            self._protocol.send_continuation(data[start : start + size], fin=start + size >= len(data))
        return self._protocol.meter.sent.take()

    def close(self, code: int, reason: str) -> None:
        """Start the closing handshake, once."""
        if self.is_open:
            self._protocol.send_close(code, reason)

    def take_output(self) -> list[bytes]:
        """What to write; an empty item means: no more after this."""
        return self._protocol.data_to_send()

    def take_control(self) -> Iterable[ControlFrames]:
        """The control frames since the last time, both ways."""
        return self._protocol.meter.take_control()

    def ending(self) -> Ending:
        """How the conversation ended, once the socket is closed: who closed first counts; 1006 when nobody did."""
        received, sent = self._protocol.close_rcvd, self._protocol.close_sent
        client_first = received is not None and (sent is None or self._protocol.close_rcvd_then_sent is not False)
        close = received if client_first else sent
        return _ending(close)


def _ending(close: Close | None) -> Ending:
    if close is None:
        return Ending(code=CloseCode.ABNORMAL_CLOSURE, reason="")
    if close.code == CloseCode.NO_STATUS_RCVD:
        return Ending(code=CloseCode.NO_STATUS_RCVD, reason=NO_STATUS_REASON)
    return Ending(code=close.code, reason=close.reason)
