"""The fixtures that users' journeys start from."""

from collections.abc import Callable

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from emulator.clock import ManualClock
from emulator.switches import Switches
from gateway.testing.emulator import RunningEmulator, running_emulator
from tests.emulator.backend import Backend, Reply
from tests.emulator.provision import control_client, provision
from tests.emulator.raw_client import UPGRADE, raw_client
from tests.emulator.stages import STAGE, Stages, route, stage_of

Open = Callable[..., ClientConnection]


@pytest.fixture
def provisioned(api_gateway: RunningEmulator, backend: Backend) -> RunningEmulator:
    """The fixture's emulator, with a two-way `$default`, made as a user would: by boto3."""
    provision(control_client(api_gateway.url), backend)
    return api_gateway


def test_client_by_path(provisioned: RunningEmulator, websocket_client: Open, backend: Backend) -> None:
    """A path is taken on the test's own emulator."""
    backend.replies["default"] = Reply(body=b"hello")
    socket = websocket_client("/production")
    socket.send("anything")

    assert socket.recv(timeout=5) == "hello"


def test_client_by_url(provisioned: RunningEmulator, websocket_client: Open) -> None:
    """A whole URL is taken as it is, with the options of the library."""
    socket = websocket_client(f"{provisioned.socket_url}/production", origin="https://www.example.com")

    assert socket.response.status_code == 101


def test_refused(api_gateway: RunningEmulator, websocket_client: Open) -> None:
    """A refused handshake raises, with its status: a fresh emulator has no stage."""
    with pytest.raises(InvalidStatus) as refused:
        websocket_client("/production")

    assert refused.value.response.status_code == 403


def test_refusal_says_why(provisioned: RunningEmulator, websocket_client: Open, backend: Backend) -> None:
    """What a failing test shows holds the backend's own words, which no handshake carries."""
    backend.replies["connect"] = Reply(status=401, body=b'{"error": "token_missing"}')
    with pytest.raises(InvalidStatus) as refused:
        websocket_client("/production")

    assert refused.value.__notes__ == [
        (
            "API Gateway refused it with 401: the backend refused it.\n"
            f'POST {backend.url}/connect -> 401 {{"error": "token_missing"}}'
        )
    ]


def test_disconnect(provisioned: RunningEmulator, websocket_client: Open) -> None:
    """A test can close a connection as API Gateway would, or cut it."""
    closed, cut = websocket_client("/production"), websocket_client("/production")
    first, second = provisioned.connections()

    provisioned.disconnect(first.connection_id)
    provisioned.reset(second.connection_id)

    with pytest.raises(ConnectionClosed) as ending:
        closed.recv(timeout=5)
    assert ending.value.rcvd is not None
    assert ending.value.rcvd.code == 1000
    with pytest.raises(ConnectionClosed) as ending:
        cut.recv(timeout=5)
    assert ending.value.rcvd is None


def test_unknown_connection(api_gateway: RunningEmulator) -> None:
    """Closing what is not open is a mistake of the test's, and raises."""
    with pytest.raises(KeyError):
        api_gateway.disconnect("AAAAAAAAAAAAAAA=")


def test_two_at_once(backend: Backend) -> None:
    """Two emulators have nothing in common: neither port nor connections nor faults."""
    stages = Stages()
    stages.add(stage_of(route("$default", backend.url)))
    with running_emulator(store=stages) as first, running_emulator(store=stages, switches=Switches()) as second:
        first.faults.turn_on("refuse-connects")

        assert first.port != second.port
        assert second.faults.active() == {}


def test_taken_port() -> None:
    """A port that is taken raises in the test, and leaves nothing running."""
    with running_emulator() as first, pytest.raises(OSError, match="in use"), running_emulator(port=first.port):
        pass


def test_latency(stages: Stages, backend: Backend) -> None:
    """Latency is added to every backend call, on the emulator's clock."""
    with (
        running_emulator(store=stages, clock=ManualClock(), latency=5) as emulator,
        raw_client(emulator.port) as client,
    ):
        client.sock.sendall(UPGRADE.format(path=f"/{STAGE}", more="").encode())
        while not emulator.is_calling():
            pass
        assert backend.is_idle()

        emulator.advance(5, settle=0)

        assert b" 101 " in client.head()
