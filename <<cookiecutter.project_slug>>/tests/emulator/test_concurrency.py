"""Messages of one connection: handled together, one after the other, or held back (AWS facts 1.1)."""

import threading

from websockets.sync.client import connect

from emulator.switches import Switches
from gateway.testing.emulator import RunningEmulator, running_emulator
from tests.emulator.backend import Backend, Reply
from tests.emulator.conftest import Dial
from tests.emulator.raw_client import PING, TEXT, frame, raw_client
from tests.emulator.stages import Stages


def test_messages_of_one_connection_run_together(dial: Dial, backend: Backend) -> None:
    """AWS facts 1.1: a message does not wait for the one before it."""
    gate = threading.Event()
    backend.by_body[b'{"action": "echo", "n": 1}'] = Reply(body=b"first", gate=gate)
    backend.by_body[b'{"action": "echo", "n": 2}'] = Reply(body=b"second")
    socket = dial()
    socket.send('{"action": "echo", "n": 1}')
    socket.send('{"action": "echo", "n": 2}')

    assert socket.recv(timeout=5) == "second"

    gate.set()
    assert socket.recv(timeout=5) == "first"


def test_serial_by_switch(stages: Stages, backend: Backend) -> None:
    """AWS facts, checklist 5: by a switch they are handled one after the other."""
    gate = threading.Event()
    backend.by_body[b'{"action": "echo", "n": 1}'] = Reply(body=b"first", gate=gate)
    with (
        running_emulator(store=stages, switches=Switches(serial_messages=True)) as emulator,
        connect(f"{emulator.socket_url}/production") as socket,
    ):
        socket.send('{"action": "echo", "n": 1}')
        socket.send('{"action": "echo", "n": 2}')
        backend.next_for("echo")
        assert backend.is_idle()

        gate.set()

        assert [socket.recv(timeout=5), socket.recv(timeout=5)] == ["first", ""]


def test_flood_is_held_back(stages: Stages, backend: Backend) -> None:
    """Only so many messages of one connection are with the backend at once; the rest wait, and the socket is not read."""
    gate = threading.Event()
    backend.replies["default"] = Reply(gate=gate)
    switches = Switches(concurrent_messages=5)
    with running_emulator(store=stages, switches=switches) as emulator, raw_client(emulator.port) as client:
        client.upgrade()
        backend.next_for("connect")
        client.sock.sendall(b"".join(frame(TEXT, b"%d" % number) for number in range(25)) + frame(PING, b"all read"))
        assert client.receive().data == b"all read"
        assert [note["text"] for note in emulator.notes() if note["kind"] == "message"] == ["0", "1", "2", "3", "4"]
        assert not is_reading(emulator)

        gate.set()

        assert sorted(int(backend.next_for("default").body) for _ in range(25)) == list(range(25))
        emulator.settle()
        assert is_reading(emulator)


def is_reading(emulator: RunningEmulator) -> bool:
    """Whether the one connection's socket is being read."""
    (connection,) = emulator._emulator.plane.registry
    transport = connection.socket._transport
    assert transport is not None
    return transport.is_reading()
