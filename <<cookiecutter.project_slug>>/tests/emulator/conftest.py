"""What the tests of the data plane share: a real backend, stages, an emulator over them, and boto3 pointed at it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from websockets.sync.client import ClientConnection, connect

from emulator.clock import ManualClock
from emulator.switches import Switches
from gateway.testing.emulator import RunningEmulator, running_emulator
from tests.emulator.backend import Backend, running_backend
from tests.emulator.raw_client import RawClient, raw_client
from tests.emulator.stages import API_ID, STAGE, Stages, route, stage_of

Dial = Callable[..., ClientConnection]

UNKNOWN = "AAAAAAAAAAAAAAA="
"""A well-formed id that no connection has."""


@pytest.fixture
def backend() -> Iterator[Backend]:
    with running_backend() as backend:
        yield backend


@pytest.fixture
def stages(backend: Backend) -> Stages:
    """One API: `$connect`, `$disconnect` and `$default` one-way, `echo` two-way."""
    stages = Stages()
    keys = ("$connect", "$disconnect", "$default")
    stages.add(stage_of(*(route(key, backend.url) for key in keys), route("echo", backend.url, two_way=True)))
    return stages


@pytest.fixture
def switches() -> Switches:
    """Overridden by tests that need others."""
    return Switches()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def emulator(stages: Stages, switches: Switches, clock: ManualClock) -> Iterator[RunningEmulator]:
    with running_emulator(store=stages, switches=switches, clock=clock) as emulator:
        yield emulator


@pytest.fixture
def dial(emulator: RunningEmulator) -> Iterator[Dial]:
    """Opens a socket; the path is the stage unless given. All of them are closed in the end."""
    with ExitStack() as stack:

        def dial(path: str = f"/{STAGE}", **options: Any) -> ClientConnection:
            options = {"compression": None, "close_timeout": 2, **options}
            socket: ClientConnection = stack.enter_context(connect(emulator.socket_url + path, **options))
            return socket

        yield dial


@pytest.fixture
def client(emulator: RunningEmulator) -> Iterator[RawClient]:
    """A raw client after its handshake."""
    with raw_client(emulator.port) as client:
        client.upgrade()
        yield client


@pytest.fixture
def connection_id(dial: Dial, backend: Backend) -> str:
    """The id of an open connection."""
    dial()
    found = backend.next_for("connect").header("X-Gateway-Connection-Id")
    assert found
    return found


@pytest.fixture
def management(emulator: RunningEmulator) -> Any:
    """Unmodified boto3, for the API's own address."""
    return management_client(f"{emulator.url}/_apis/{API_ID}/{STAGE}")


def management_client(endpoint_url: str, **options: Any) -> Any:
    """boto3 for any address; one attempt, so that a test sees the first answer."""
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": "eu-central-1"}
    return boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=endpoint_url,
        config=Config(retries={"max_attempts": 1, "mode": "standard"}),
        **{**keys, **options},
    )


def management_error(call: Any, **arguments: Any) -> tuple[int, str, str]:
    """Status, code and message of the error that a call raises."""
    with pytest.raises(ClientError) as error:
        call(**arguments)
    response = error.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]
