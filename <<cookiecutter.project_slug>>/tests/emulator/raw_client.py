"""A client that sends exactly the bytes a test gives it, well formed or not."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.emulator.stages import STAGE

TEXT, BINARY, CONT, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10
MASK = b"\x11\x22\x33\x44"
SECONDS = 5.0

UPGRADE = (
    "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
)


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame as it came from the gateway."""

    opcode: int
    data: bytes
    fin: bool


@dataclass
class RawClient:
    """A connected TCP socket."""

    sock: socket.socket
    _buffer: bytearray = field(default_factory=bytearray)

    def upgrade(self, path: str = f"/{STAGE}", more: str = "") -> bytes:
        """Do the handshake; the head of the answer."""
        self.sock.sendall(UPGRADE.format(path=path, more=more).encode())
        return self.head()

    def head(self) -> bytes:
        """The head of an HTTP answer."""
        while b"\r\n\r\n" not in self._buffer:
            self._fill()
        head, _, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        self._buffer = bytearray(rest)
        return head

    def send(self, opcode: int, data: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True) -> None:
        """One frame."""
        self.sock.sendall(frame(opcode, data, fin=fin, rsv=rsv, masked=masked))

    def receive(self) -> Frame:
        """The next frame. Raises EOFError when the gateway has hung up."""
        first, second = self._take(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", self._take(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self._take(8))
        return Frame(first & 0x0F, self._take(length), bool(first & 0x80))

    def close_code(self) -> int:
        """The code of the next close frame; whatever comes before it is passed over."""
        while True:
            received = self.receive()
            if received.opcode == CLOSE:
                return int(struct.unpack("!H", received.data[:2])[0]) if received.data else 1005

    def is_hung_up(self) -> bool:
        """Whether the gateway ends the TCP connection now."""
        try:
            while self.sock.recv(65536):
                pass
        except ConnectionResetError:
            return True
        return True

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._fill()
        taken, self._buffer = bytes(self._buffer[:size]), self._buffer[size:]
        return taken

    def _fill(self) -> None:
        data = self.sock.recv(65536)
        if not data:
            raise EOFError
        self._buffer += data


def frame(opcode: int, data: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True) -> bytes:
    """The bytes of one frame."""
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    mask_bit = 0x80 if masked else 0
    if len(data) < 126:
        head += bytes([mask_bit | len(data)])
    elif len(data) < 65536:
        head += struct.pack("!BH", mask_bit | 126, len(data))
    else:
        head += struct.pack("!BQ", mask_bit | 127, len(data))
    if not masked:
        return head + data
    return head + MASK + bytes(byte ^ MASK[index % 4] for index, byte in enumerate(data))


@contextmanager
def raw_client(port: int) -> Iterator[RawClient]:
    """A TCP connection to the emulator; reading and writing give up after five seconds."""
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as sock:
        yield RawClient(sock)


def flood(client: RawClient, data: bytes) -> None:
    """Send, until a hundred megabytes have been taken or nothing is taken any more."""
    for _ in range(100_000_000 // len(data)):
        client.sock.sendall(data)
