"""Faults by name: those of backend calls, handshakes and messages. Others are tested where they strike."""

import threading

import pytest
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from emulator.faults import FAULTS, Faults, UnknownFaultError, parse_fault
from gateway.testing.emulator import RunningEmulator
from tests.emulator.backend import Backend, Reply
from tests.emulator.conftest import Dial
from tests.emulator.raw_client import UPGRADE, raw_client
from tests.emulator.stages import STAGE


def test_unknown_name() -> None:
    """A fault that does not exist is refused, and the names that do are listed."""
    with pytest.raises(UnknownFaultError, match="The faults are: lose-disconnect"):
        Faults().turn_on("gremlins")


@pytest.mark.parametrize(("name", "value"), [("lose-disconnect", 1.5), ("lose-disconnect", -1), ("fail-posts", 1000)])
def test_value_out_of_range(name: str, value: float) -> None:
    """A value that means nothing is refused."""
    with pytest.raises(UnknownFaultError, match=name):
        Faults().turn_on(name, value)


@pytest.mark.parametrize(
    ("text", "parsed"),
    [("lose-disconnect", ("lose-disconnect", None)), ("slow-integration=2.5", ("slow-integration", 2.5))],
)
def test_command_line(text: str, parsed: tuple[str, float | None]) -> None:
    """`NAME` and `NAME=VALUE` are understood."""
    assert parse_fault(text) == parsed


@pytest.mark.parametrize("text", ["gremlins", "gremlins=1", "slow-integration=soon", "slow-integration="])
def test_bad_command_line(text: str) -> None:
    """Anything else is refused."""
    with pytest.raises(UnknownFaultError):
        parse_fault(text)


@pytest.mark.parametrize("name", list(FAULTS))
def test_on_and_off(name: str) -> None:
    """Each fault has a default within its own range, and can be turned off again."""
    faults = Faults()
    faults.turn_on(name)
    assert faults.active() == {name: FAULTS[name].default}

    faults.turn_off(name)

    assert faults.active() == {}


def test_share() -> None:
    """A share strikes as often as the source of chance says."""
    draws = iter([0.1, 0.3, 0.29])
    faults = Faults(lambda: next(draws))
    faults.turn_on("lose-disconnect", 0.3)

    assert [faults.strikes("lose-disconnect") for _ in range(3)] == [True, False, True]


def test_share_of_nothing() -> None:
    """A share of 0 never strikes."""
    faults = Faults(lambda: 0.0)
    faults.turn_on("throttle-posts", 0)

    assert not faults.strikes("throttle-posts")


def test_clear(emulator: RunningEmulator, dial: Dial) -> None:
    """When the faults are cleared, everything works again."""
    emulator.faults.turn_on("refuse-connects")

    emulator.faults.clear()

    assert dial().response.status_code == 101


@pytest.mark.parametrize(("value", "status"), [(None, 429), (503, 503)])
def test_refuse_connects(
    emulator: RunningEmulator, dial: Dial, backend: Backend, value: float | None, status: int
) -> None:
    """`refuse-connects`: handshakes fail with that status, and the backend is not asked."""
    emulator.faults.turn_on("refuse-connects", value)

    with pytest.raises(InvalidStatus) as refused:
        dial()

    assert refused.value.response.status_code == status
    assert backend.is_idle()


def test_slow_integration(emulator: RunningEmulator, dial: Dial, backend: Backend) -> None:
    """`slow-integration`: the call is made after that time, not before."""
    socket = dial()
    backend.next_for("connect")
    emulator.faults.turn_on("slow-integration", 3)
    socket.send("hello")
    while not emulator.is_calling():
        pass
    assert backend.is_idle()

    emulator.advance(3, settle=0)

    assert backend.next_for("default").body == b"hello"


def test_slow_integration_counts_in_the_timeout(emulator: RunningEmulator, dial: Dial, backend: Backend) -> None:
    """`slow-integration` beyond 29 s ends in a timeout."""
    socket = dial()
    backend.next_for("connect")
    emulator.faults.turn_on("slow-integration", 60)
    socket.send("hello")
    while not emulator.is_calling():
        pass

    emulator.advance(29, settle=0)

    assert "Endpoint request timed out" in str(socket.recv(timeout=5))


def test_hang_integration(emulator: RunningEmulator, dial: Dial, backend: Backend) -> None:
    """`hang-integration`: the call is never made and times out."""
    socket = dial()
    backend.next_for("connect")
    emulator.faults.turn_on("hang-integration")
    socket.send("hello")
    while not emulator.is_calling():
        pass

    emulator.advance(29, settle=0)

    assert "Endpoint request timed out" in str(socket.recv(timeout=5))
    assert backend.is_idle()


def test_reset_connections(emulator: RunningEmulator, dial: Dial, backend: Backend) -> None:
    """`reset-connections`: a message cuts its connection, which the backend hears of as 1006."""
    socket = dial()
    backend.next_for("connect")
    emulator.faults.turn_on("reset-connections")

    socket.send("hello")

    with pytest.raises(ConnectionClosedError):
        socket.recv(timeout=5)
    assert backend.next().path == "/disconnect"


def test_reorder_messages(emulator: RunningEmulator, dial: Dial, backend: Backend) -> None:
    """`reorder-messages`: of two messages the second is handled first."""
    backend.by_body[b'{"action": "echo", "n": 1}'] = Reply(body=b"first")
    backend.by_body[b'{"action": "echo", "n": 2}'] = Reply(body=b"second")
    emulator.faults.turn_on("reorder-messages", 60)
    socket = dial()
    socket.send('{"action": "echo", "n": 1}')
    socket.send('{"action": "echo", "n": 2}')

    assert [socket.recv(timeout=5), socket.recv(timeout=5)] == ["second", "first"]


def test_restart(emulator: RunningEmulator, dial: Dial, backend: Backend) -> None:
    """Killed and started again: sockets are cut, nobody is told, and the same port takes new ones."""
    socket = dial()
    port = emulator.port

    emulator.restart()

    with pytest.raises(ConnectionClosedError):
        socket.recv(timeout=5)
    assert emulator.connections() == []
    dial()
    assert emulator.port == port
    assert [backend.next().path, backend.next().path] == ["/connect", "/connect"]


def test_restart_during_a_handshake(emulator: RunningEmulator, backend: Backend) -> None:
    """A handshake that waits for `$connect` is cut as well: what the backend answers later opens nothing."""
    gate = threading.Event()
    backend.replies["connect"] = Reply(gate=gate)
    with raw_client(emulator.port) as client:
        client.sock.sendall(UPGRADE.format(path=f"/{STAGE}", more="").encode())
        backend.next_for("connect")

        emulator.restart()

        assert client.is_hung_up()
    gate.set()
    emulator.settle()
    assert emulator.connections() == []
    assert backend.is_idle()


def test_restart_with_its_connections(emulator: RunningEmulator, dial: Dial, backend: Backend) -> None:
    """Started again with its connections: the sockets live on."""
    backend.replies["echo"] = Reply(body=b"still here")
    socket = dial()

    emulator.restart(keep_connections=True)
    socket.send('{"action": "echo"}')

    assert socket.recv(timeout=5) == "still here"


def test_struck_fault_is_noted(emulator: RunningEmulator, dial: Dial) -> None:
    """People can see which fault struck which connection."""
    emulator.faults.turn_on("reset-connections")
    socket = dial()
    (connection,) = emulator.connections()
    socket.send("hello")
    with pytest.raises(ConnectionClosedError):
        socket.recv(timeout=5)

    (note,) = [note for note in emulator.notes() if note["kind"] == "fault"]

    assert (note["name"], note["connection_id"]) == ("reset-connections", connection.connection_id)
