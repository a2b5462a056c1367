"""What one can do from the page."""

from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from emulator.faults import FAULTS
from gateway.testing.emulator import RunningEmulator
from tests.emulator.backend import Backend
from tests.emulator.inspector.conftest import Browser


@pytest.mark.parametrize("name", FAULTS)
def test_fault_on_and_off(browser: Browser, emulator: RunningEmulator, name: str) -> None:
    """Every fault can be switched, with its default value where none is given."""
    assert browser.post("/_emulator/faults", {"name": name, "on": True}).status == 200
    assert emulator.faults.active() == {name: FAULTS[name].default}

    assert browser.post("/_emulator/faults", {"name": name, "on": False}).status == 200
    assert emulator.faults.active() == {}


def test_fault_strikes(browser: Browser, emulator: RunningEmulator, api_id: str) -> None:
    """A fault that was switched on at the page is in force."""
    browser.post("/_emulator/faults", {"name": "refuse-connects", "on": True, "value": 503})

    with pytest.raises(InvalidStatus) as refused:
        connect(f"{emulator.socket_url}/production")

    assert refused.value.response.status_code == 503


def test_disconnect(browser: Browser, emulator: RunningEmulator, backend: Backend, api_id: str) -> None:
    """The client is closed as `DELETE @connections` does it, and the backend hears of it."""
    with connect(f"{emulator.socket_url}/production") as socket:
        (connection,) = emulator.connections()
        answer = browser.post("/_emulator/disconnect", {"connection_id": connection.connection_id})

        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=5)

    assert answer.status == 200
    assert (socket.close_code, socket.close_reason) == (1000, "Connection Closed Normally")
    assert backend.next_for("disconnect").header("X-Gateway-Connection-Id") == connection.connection_id


def test_clock(browser: Browser, emulator: RunningEmulator, api_id: str) -> None:
    """Ten minutes pass at once: an idle connection closes with 1001."""
    with connect(f"{emulator.socket_url}/production") as socket:
        browser.post("/_emulator/clock", {"seconds": 600})

        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=5)

    assert socket.close_code == 1001


def test_restart(browser: Browser, emulator: RunningEmulator, api_id: str) -> None:
    """Killed and started again: the sockets are cut, and the same port takes new ones."""
    with connect(f"{emulator.socket_url}/production") as socket:
        assert browser.post("/_emulator/restart", {"keep_connections": False}).status == 200

        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=5)

    assert socket.protocol.close_rcvd is None
    with connect(f"{emulator.socket_url}/production"):
        assert len(emulator.connections()) == 1


def test_restart_that_keeps_connections(browser: Browser, emulator: RunningEmulator, api_id: str) -> None:
    """Killed and started again with its connections: the sockets live on."""
    with connect(f"{emulator.socket_url}/production") as socket:
        assert browser.post("/_emulator/restart", {"keep_connections": True}).status == 200

        assert socket.ping().wait(5)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {"name": "no-such-fault", "on": True}),
        ("faults", {"name": "lose-disconnect", "on": True, "value": 2}),
        ("faults", {"name": "lose-disconnect", "on": True, "value": "much"}),
        ("faults", {"name": "lose-disconnect", "on": True, "value": True}),
        ("faults", {"name": "slow-integration", "on": True, "value": 10**400}),
        ("faults", {"name": ["lose-disconnect"], "on": True}),
        ("faults", {"on": True}),
        ("faults", []),
        ("faults", "lose-disconnect"),
        ("disconnect", {}),
        ("disconnect", {"connection_id": "JC1dgf9yoAMCK-g="}),
        ("disconnect", {"connection_id": {"a": 1}}),
        ("clock", {}),
        ("clock", {"seconds": 0}),
        ("clock", {"seconds": -5}),
        ("clock", {"seconds": 1e9}),
        ("clock", {"seconds": None}),
        ("restart", {"keep_connections": "yes"}),
        ("restart", []),
    ],
)
def test_nonsense(browser: Browser, emulator: RunningEmulator, path: str, body: Any) -> None:
    """What makes no sense is answered with a sentence, and changes nothing."""
    answer = browser.post(f"/_emulator/{path}", body)

    assert answer.status == 400
    assert answer.json["message"].endswith(".")
    assert emulator.faults.active() == {}


def test_body_that_is_no_json(emulator: RunningEmulator) -> None:
    """Neither is a body that cannot be read."""
    browser = Browser(emulator.port)
    own = {"Origin": browser.origin, "Content-Type": "application/json"}

    for body in ("", "{", "[" * 100_000, "\x00"):
        assert browser._request("POST", "/_emulator/faults", body, own).status == 400
