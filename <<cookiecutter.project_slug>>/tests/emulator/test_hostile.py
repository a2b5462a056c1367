"""What nobody means well with: a clean close, never a traceback, never unbounded memory."""

import logging
import socket as sockets
import threading
from collections.abc import Iterator

import pytest

from emulator.switches import Switches
from gateway.testing.emulator import RunningEmulator, running_emulator
from tests.emulator.backend import Backend, Reply
from tests.emulator.conftest import Dial
from tests.emulator.raw_client import PING, TEXT, UPGRADE, flood, frame, raw_client
from tests.emulator.stages import STAGE, Stages, route, stage_of


@pytest.fixture(autouse=True)
def no_traceback(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever happens, the emulator logs no error."""
    yield
    assert [record for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info] == []


@pytest.fixture
def switches() -> Switches:
    return Switches(keep_alive=0.3, close_timeout=0.3)


def assert_serving(emulator: RunningEmulator, backend: Backend) -> None:
    """Others are still served."""
    with raw_client(emulator.port) as client:
        assert b" 101 " in client.upgrade()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="a TLS client"),
        pytest.param(b"\x00" * 1000, id="zeros"),
        pytest.param(b"HELLO\r\n\r\n", id="no HTTP"),
        pytest.param(b"GET / HTTP/9.9\r\n\r\n", id="another HTTP"),
        pytest.param(b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n", id="bytes in the path"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nBad Header\r\n\r\n", id="a header without a colon"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="no host"),
        pytest.param(b"GET /%zz%00/../.. HTTP/1.1\r\nHost: [::bad\r\n\r\n", id="a bad host"),
        pytest.param(b"GET http://[bad/ HTTP/1.1\r\nHost: a\r\n\r\n", id="a bad absolute address"),
        pytest.param(
            b"POST /production/@connections/%ff%fe HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", id="a bad id"
        ),
        pytest.param(b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", id="an endless address"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 10_000 + b"\r\n", id="endless headers"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"b" * 100_000 + b"\r\n\r\n", id="an endless header"),
        pytest.param(b"GET /" + b"a/" * 2000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", id="a deep path"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", id="a bad chunk"),
    ],
)
def test_malformed_request(emulator: RunningEmulator, backend: Backend, data: bytes) -> None:
    """A request that is none is answered with 4xx, or not at all, and the connection ends."""
    with raw_client(emulator.port) as client:
        client.sock.sendall(data)
        try:
            head = client.head()
        except (EOFError, ConnectionResetError):
            head = b""

    assert head == b"" or head.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))
    assert_serving(emulator, backend)


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "", b"400"),
        ("dGhlIHNhbXBsZSBub25jZQ==", "short", b"400"),
        ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8", b"400"),
        ("Sec-WebSocket-Version: 13\r\n", "", b"400"),
        ("Upgrade: websocket", "Upgrade: h2c", b"426"),
        ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: ;;=", b"400"),
        ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 13\r\nContent-Length: 5", b"400"),
        ("GET", "POST", b"405"),
    ],
)
def test_malformed_upgrade(emulator: RunningEmulator, backend: Backend, old: str, new: str, status: bytes) -> None:
    """A handshake that breaks the rules is refused before the backend is asked."""
    request = UPGRADE.format(path=f"/{STAGE}", more="")
    assert old in request
    with raw_client(emulator.port) as client:
        client.sock.sendall(request.replace(old, new).encode())

        assert client.head().split(b" ")[1] == status
    assert backend.is_idle()


def test_slow_handshake(emulator: RunningEmulator) -> None:
    """A client that never finishes the head of its request is cut off."""
    with raw_client(emulator.port) as client:
        client.sock.sendall(f"GET /{STAGE} HTTP/1.1\r\nHost:".encode())

        assert client.is_hung_up()


def test_silent_client(emulator: RunningEmulator) -> None:
    """So is one that says nothing at all."""
    with raw_client(emulator.port) as client:
        assert client.is_hung_up()


def test_unanswered_close(emulator: RunningEmulator, backend: Backend) -> None:
    """A client that does not answer a close frame is cut off, and `$disconnect` runs all the same."""
    with raw_client(emulator.port) as client:
        client.upgrade()
        emulator.advance(600)
        assert client.close_code() == 1001

        assert client.is_hung_up()
        assert backend.next_for("disconnect").header("X-Gateway-Event") == "DISCONNECT"


def test_bytes_before_the_101(emulator: RunningEmulator, backend: Backend) -> None:
    """A client that speaks before it was answered breaks nothing but its own connection."""
    gate = threading.Event()
    backend.replies["connect"] = Reply(gate=gate)
    with raw_client(emulator.port) as client:
        client.sock.sendall(UPGRADE.format(path=f"/{STAGE}", more="").encode() + frame(TEXT, b"early") * 100)
        backend.next_for("connect")
        gate.set()
        client.head()

    backend.replies.clear()
    assert_serving(emulator, backend)


def test_ping_flood_of_a_client_that_does_not_read(stages: Stages, backend: Backend) -> None:
    """Pongs that nobody reads do not pile up: the emulator stops reading, and the client's sending comes to a halt."""
    with running_emulator(store=stages, switches=Switches(outbound_buffer_bytes=65_536)) as emulator:
        with raw_client(emulator.port) as client:
            client.upgrade()
            client.sock.settimeout(1.0)
            with pytest.raises(TimeoutError):
                flood(client, frame(PING, b"p" * 125) * 1_000)

        assert_serving(emulator, backend)


def test_endless_answer(stages: Stages, dial: Dial, emulator: RunningEmulator, backend: Backend) -> None:
    """A backend's answer that does not end is cut off, and makes an error frame."""
    with _server_that(_answer_without_end) as port:
        stages.add(stage_of(route("$default", f"http://127.0.0.1:{port}", two_way=True)))
        socket = dial()
        socket.send("hello")

        assert "Internal server error" in str(socket.recv(timeout=20))
    assert_serving(emulator, backend)


def test_endless_header_of_an_answer(stages: Stages, dial: Dial, emulator: RunningEmulator, backend: Backend) -> None:
    """So is one whose headers do not end."""
    with _server_that(_answer_with_endless_headers) as port:
        stages.add(stage_of(route("$default", f"http://127.0.0.1:{port}", two_way=True)))
        socket = dial()
        socket.send("hello")

        assert "Internal server error" in str(socket.recv(timeout=20))
    assert_serving(emulator, backend)


def test_answer_that_breaks_off(stages: Stages, dial: Dial) -> None:
    """An answer shorter than it said makes an error frame."""
    with _server_that(_break_off) as port:
        stages.add(stage_of(route("$default", f"http://127.0.0.1:{port}", two_way=True)))
        socket = dial()
        socket.send("hello")

        assert "Internal server error" in str(socket.recv(timeout=5))


@pytest.mark.parametrize(
    "uri", ["http://", "nonsense", "http://127.0.0.1:99999/x", "ftp://127.0.0.1/x", "http://[bad/x"]
)
def test_bad_integration_uri(stages: Stages, dial: Dial, uri: str) -> None:
    """An integration whose address is none makes an error frame."""
    stages.add(stage_of(route("$default", uri)))
    socket = dial()
    socket.send("hello")

    assert "Internal server error" in str(socket.recv(timeout=5))


@pytest.mark.parametrize("name", ["X-Weird", "User-Agent", "Sec-WebSocket-Protocol"])
def test_bytes_in_a_client_header(emulator: RunningEmulator, backend: Backend, name: str) -> None:
    """A header that is no UTF-8 is passed on as far as it can be."""
    with raw_client(emulator.port) as client:
        head = UPGRADE.format(path=f"/{STAGE}", more=f"{name}: @\r\n").encode().replace(b"@", b"a\xff\xc3\xbcb")
        client.sock.sendall(head)

        assert b" 101 " in client.head()
    assert (backend.next_for("connect").header(name) or "").endswith("üb")


def _server_that(answer: object) -> "_Server":
    return _Server(answer)


class _Server:
    """A TCP server that answers one request with whatever `answer` writes."""

    def __init__(self, answer: object) -> None:
        self._answer = answer
        self._server = sockets.create_server(("127.0.0.1", 0))

    def __enter__(self) -> int:
        threading.Thread(target=self._serve, daemon=True).start()
        return int(self._server.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def _serve(self) -> None:
        connection, _ = self._server.accept()
        with connection:
            connection.recv(65536)
            try:
                self._answer(connection)  # type: ignore[operator]
            except OSError:
                return


def _answer_without_end(connection: sockets.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def _answer_with_endless_headers(connection: sockets.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-More: " + b"x" * 60 + b"\r\n")


def _break_off(connection: sockets.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
