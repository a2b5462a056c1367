"""The ten-minute and the two-hour wall, with time advanced (AWS facts 1.5)."""

from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from emulator.clock import ManualClock, SystemClock
from emulator.switches import Switches
from gateway.testing.emulator import RunningEmulator, running_emulator
from tests.emulator.backend import Backend, Reply
from tests.emulator.conftest import Dial
from tests.emulator.raw_client import PING, raw_client
from tests.emulator.stages import STAGE, Stages


def closing_of(socket: Any) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=5)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


def test_idle(emulator: RunningEmulator, dial: Dial) -> None:
    """AWS facts 1.5: after ten minutes without traffic the connection is closed with 1001 "Going away"."""
    socket = dial()

    emulator.advance(600)

    assert closing_of(socket) == (1001, "Going away")


def test_not_idle_yet(emulator: RunningEmulator, dial: Dial) -> None:
    """Just before ten minutes the connection is still there."""
    dial()

    emulator.advance(599.9)

    assert len(emulator.connections()) == 1


def test_client_message_resets_idle(emulator: RunningEmulator, dial: Dial, backend: Backend) -> None:
    """AWS facts 1.5: a message from the client starts the ten minutes anew."""
    socket = dial()
    emulator.advance(599)
    socket.send("still here")
    backend.next_for("default")

    emulator.advance(599)

    assert len(emulator.connections()) == 1


def test_callback_resets_idle(emulator: RunningEmulator, dial: Dial, management: Any) -> None:
    """AWS facts 1.5: so does a message to the client."""
    socket = dial()
    emulator.advance(599)
    (connection,) = emulator.connections()
    management.post_to_connection(ConnectionId=connection.connection_id, Data=b"ping")
    assert socket.recv(timeout=5) == "ping"

    emulator.advance(599)

    assert len(emulator.connections()) == 1


def ping_and_wait(emulator: RunningEmulator, seconds: float) -> int:
    """Open, wait, ping, wait again: how many connections are left."""
    with raw_client(emulator.port) as client:
        client.upgrade()
        emulator.advance(seconds)
        client.send(PING, b"?")
        client.receive()
        emulator.advance(seconds)
        return len(emulator.connections())


def test_pings_do_not_reset_idle(emulator: RunningEmulator) -> None:
    """AWS facts, unsure 3: by default a ping does not count as traffic."""
    assert ping_and_wait(emulator, 400) == 0


def test_pings_reset_idle_by_switch(stages: Stages, clock: ManualClock) -> None:
    """AWS facts, unsure 3: by a switch it does."""
    switches = Switches(control_frames_reset_idle=True)

    with running_emulator(store=stages, clock=clock, switches=switches) as emulator:
        assert ping_and_wait(emulator, 400) == 1


def test_two_hours(emulator: RunningEmulator, dial: Dial, backend: Backend) -> None:
    """AWS facts 1.5: after two hours even a busy connection is closed with 1001."""
    socket = dial()
    backend.replies["echo"] = Reply(body=b"so am I")
    for _ in range(14):
        emulator.advance(500)
        socket.send('{"action": "echo", "text": "busy"}')
        assert socket.recv(timeout=5) == "so am I"
    assert len(emulator.connections()) == 1

    emulator.advance(200)

    assert closing_of(socket) == (1001, "Going away")


def test_disconnect_says_why(emulator: RunningEmulator, dial: Dial, backend: Backend, stages: Stages) -> None:
    """AWS facts 1.5: `$disconnect` follows the idle close."""
    socket = dial()
    emulator.advance(600)
    closing_of(socket)

    assert backend.next_for("disconnect").header("X-Gateway-Event") == "DISCONNECT"


@pytest.fixture
def real_time(stages: Stages) -> Iterator[RunningEmulator]:
    with running_emulator(store=stages, clock=SystemClock(), switches=Switches(idle_timeout=0.05)) as emulator:
        yield emulator


def test_real_time_passes_too(real_time: RunningEmulator) -> None:
    """The default clock runs: a short idle time-out strikes without being advanced."""
    with connect(f"{real_time.socket_url}/{STAGE}") as socket:
        assert closing_of(socket) == (1001, "Going away")


def test_real_time_can_be_advanced(stages: Stages) -> None:
    """The default clock can be advanced as well: two hours pass at once."""
    with running_emulator(store=stages) as emulator, connect(f"{emulator.socket_url}/{STAGE}") as socket:
        emulator.advance(7200)

        assert closing_of(socket) == (1001, "Going away")
