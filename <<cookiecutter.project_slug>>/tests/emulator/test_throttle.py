"""Throttles: the account's, new connections, the stage's and the routes' (AWS facts 7.5 and 9)."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from emulator.clock import ManualClock
from emulator.snapshot import Throttle
from emulator.switches import Switches
from emulator.throttle import Bucket
from gateway.testing.emulator import RunningEmulator, running_emulator
from tests.emulator.backend import Backend
from tests.emulator.conftest import Dial, management_client
from tests.emulator.stages import API_ID, STAGE, Stages, route, stage_of

Start = Callable[[Switches], Any]


@pytest.fixture
def start(stages: Stages, clock: ManualClock) -> Start:
    """An emulator with other limits, on a clock that stands still."""

    @contextmanager
    def start(switches: Switches) -> Iterator[RunningEmulator]:
        with running_emulator(store=stages, clock=clock, switches=switches) as emulator:
            yield emulator

    return start


def status_of(emulator: RunningEmulator) -> int:
    """The status of one handshake."""
    try:
        with connect(f"{emulator.socket_url}/{STAGE}") as socket:
            return socket.response.status_code
    except InvalidStatus as refused:
        return refused.response.status_code


def test_bucket_refills() -> None:
    """A bucket holds `burst` tokens and gains `rate` a second, never more than it holds."""
    bucket = Bucket(Throttle(rate=2, burst=3), tokens=3.0, filled_at=0.0)

    assert [bucket.take(0.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(0.5), bucket.take(0.5)] == [True, False]
    assert [bucket.take(100.0) for _ in range(4)] == [True, True, True, False]


def test_new_connections(start: Start) -> None:
    """AWS facts 9 and 1.2: above the rate of new connections, handshakes are refused with 429."""
    with start(Switches(connect_rate=2)) as emulator:
        assert [status_of(emulator) for _ in range(3)] == [101, 101, 429]

        emulator.advance(1)

        assert status_of(emulator) == 101


def test_account_rate_of_callbacks(start: Start) -> None:
    """AWS facts 6.3: callbacks count in the account's rate, and are answered with 429 above it."""
    with start(Switches(account_rate=1, account_burst=2)) as emulator:
        management = management_client(f"{emulator.url}/_apis/{API_ID}/{STAGE}")

        def post() -> type[Exception]:
            with pytest.raises(Exception) as error:  # noqa: PT011
                management.post_to_connection(ConnectionId="AAAAAAAAAAAAAAA=", Data=b"x")
            return error.type

        gone, limited = management.exceptions.GoneException, management.exceptions.LimitExceededException
        assert [post() for _ in range(3)] == [gone, gone, limited]

        emulator.advance(1)

        assert post() is gone


def test_account_rate_is_shared(start: Start) -> None:
    """AWS facts 9: handshakes take from the same bucket as callbacks."""
    with start(Switches(account_rate=1, account_burst=1)) as emulator:
        assert status_of(emulator) == 101
        management = management_client(f"{emulator.url}/_apis/{API_ID}/{STAGE}")

        with pytest.raises(management.exceptions.LimitExceededException):
            management.post_to_connection(ConnectionId="AAAAAAAAAAAAAAA=", Data=b"x")


def test_throttled_message(stages: Stages, dial: Dial, backend: Backend) -> None:
    """AWS facts 4.2: a throttled message gets an error frame of the gateway's usual shape."""
    throttles = {"$default": Throttle(rate=1, burst=1)}
    stages.add(stage_of(route("$default", backend.url), route_throttles=throttles))
    socket = dial()
    socket.send("one")
    backend.next_for("default")

    socket.send("two")

    error = json.loads(socket.recv(timeout=5))
    assert set(error) == {"message", "connectionId", "requestId"}
    assert error["message"] == "Too Many Requests"


def test_route_settings_do_not_inherit(stages: Stages, dial: Dial, backend: Backend) -> None:
    """AWS facts 7.5: a route's own numbers are in force instead of the stage's."""
    stages.add(
        stage_of(
            route("$default", backend.url),
            default_throttle=Throttle(rate=0, burst=0),
            route_throttles={"$default": Throttle(rate=1, burst=1), "$connect": Throttle()},
        )
    )

    dial().send("hello")

    assert backend.next_for("default").body == b"hello"


def test_stage_default_of_zero(stages: Stages, emulator: RunningEmulator, backend: Backend) -> None:
    """AWS facts 7.5: a stage whose numbers are 0 refuses every handshake with 429."""
    stages.add(stage_of(route("$connect", backend.url), default_throttle=Throttle(rate=0, burst=0)))

    assert status_of(emulator) == 429
    assert backend.is_idle()


def test_changed_settings_are_live(stages: Stages, emulator: RunningEmulator, backend: Backend) -> None:
    """AWS facts 7.1: stage settings need no deployment."""
    stages.add(stage_of(route("$connect", backend.url), default_throttle=Throttle(rate=0, burst=0)))
    assert status_of(emulator) == 429

    stages.add(stage_of(route("$connect", backend.url)))

    assert status_of(emulator) == 101
