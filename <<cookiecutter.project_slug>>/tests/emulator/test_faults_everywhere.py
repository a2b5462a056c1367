"""Each fault, turned on from a test, from the inspector and on the command line: with real sockets it does the same."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from emulator.faults import FAULTS
from gateway.testing.emulator import running_emulator
from tests.emulator import commands
from tests.emulator.backend import Backend, Reply
from tests.emulator.provision import control_client

PLACES = ("test", "inspector", "command line")
KEYS = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": "eu-central-1"}
SHORT_MS = 100
ID = "X-Id"


@dataclass
class Scene:
    """An emulator in which a fault is on, an API, and its backend."""

    url: str
    backend: Backend
    stack: ExitStack

    def provision(self, timeout_ms: int) -> None:
        """`$connect`, `$disconnect` and a two-way `echo`, by boto3."""
        control = control_client(self.url)
        api = control.create_api(
            Name="chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action"
        )["ApiId"]
        for key in ("$connect", "$disconnect", "echo"):
            integration = control.create_integration(
                ApiId=api,
                IntegrationType="HTTP_PROXY",
                IntegrationMethod="POST",
                IntegrationUri=f"{self.backend.url}/{key.removeprefix('$')}",
                RequestParameters={f"integration.request.header.{ID}": "context.connectionId"},
                TimeoutInMillis=timeout_ms,
            )["IntegrationId"]
            two_way = {"RouteResponseSelectionExpression": "$default"} if key == "echo" else {}
            route = control.create_route(ApiId=api, RouteKey=key, Target=f"integrations/{integration}", **two_way)
            if two_way:
                control.create_route_response(ApiId=api, RouteId=route["RouteId"], RouteResponseKey="$default")
        deployment = control.create_deployment(ApiId=api)["DeploymentId"]
        control.create_stage(ApiId=api, StageName="production", DeploymentId=deployment)

    def dial(self) -> ClientConnection:
        address = f"{self.url.replace('http', 'ws', 1)}/production"
        socket: ClientConnection = self.stack.enter_context(connect(address, close_timeout=2))
        return socket

    def dial_and_know(self) -> tuple[ClientConnection, str]:
        """A socket, and its connection id."""
        socket = self.dial()
        return socket, self.backend.next_for("connect").header(ID) or ""

    def management(self, **options: Any) -> Any:
        config = Config(retries={"total_max_attempts": 1, "mode": "standard"}, **options)
        return boto3.client("apigatewaymanagementapi", endpoint_url=f"{self.url}/production", config=config, **KEYS)

    def post(self, connection_id: str, **options: Any) -> int:
        """The status of a post."""
        try:
            answer = self.management(**options).post_to_connection(ConnectionId=connection_id, Data=b"hello")
        except ClientError as error:
            answer = error.response
        status: int = answer["ResponseMetadata"]["HTTPStatusCode"]
        return status

    def paths(self, count: int) -> list[str]:
        return [self.backend.next().path for _ in range(count)]


def ask(socket: ClientConnection, number: int = 1) -> None:
    socket.send(json.dumps({"action": "echo", "number": number}))


def post_json(url: str, body: dict[str, Any]) -> None:
    """What the inspector's page does."""
    origin = url.partition("/_emulator")[0]
    headers = {"Content-Type": "application/json", "Origin": origin}
    urlopen(Request(url, json.dumps(body).encode(), headers), timeout=5).close()


@pytest.fixture(params=PLACES)
def scene_with(
    request: pytest.FixtureRequest, backend: Backend, tmp_path: Path
) -> Iterator[Callable[[str, float], Scene]]:
    """An emulator with a fault, which the place of the parameter turned on."""
    with ExitStack() as stack:

        def scene_with(name: str, value: float) -> Scene:
            if request.param == "command line":
                state = str(tmp_path / "state.json")
                url = stack.enter_context(commands.running_command("--state", state, "--fault", f"{name}={value}"))
            else:
                emulator = stack.enter_context(running_emulator())
                url = emulator.url
                if request.param == "test":
                    emulator.faults.turn_on(name, value)
                else:
                    post_json(f"{url}/_emulator/faults", {"name": name, "on": True, "value": value})
            scene = Scene(url, backend, stack)
            scene.provision(SHORT_MS if STRIKES[name][1] is times_out else 29_000)
            return scene

        yield scene_with


def lose_disconnect(scene: Scene) -> None:
    """The backend hears of the next connection, not of the end of the one before."""
    scene.dial().close()
    scene.dial()

    assert scene.paths(2) == ["/connect", "/connect"]


def delay_disconnect(scene: Scene) -> None:
    """The next connection overtakes the end of the one before."""
    scene.dial().close()
    scene.dial()

    assert scene.paths(3) == ["/connect", "/connect", "/disconnect"]


def duplicate_disconnect(scene: Scene) -> None:
    """The end is reported twice."""
    scene.dial().close()

    assert scene.paths(3) == ["/connect", "/disconnect", "/disconnect"]


def refuse_connects(scene: Scene) -> None:
    """The handshake fails with the value."""
    with pytest.raises(InvalidStatus, match="503"):
        scene.dial()


def times_out(scene: Scene) -> None:
    """The backend is not asked in time, so the handshake fails with 504."""
    with pytest.raises(InvalidStatus, match="504"):
        scene.dial()
    assert scene.backend.is_idle()


def reset_connections(scene: Scene) -> None:
    """A message cuts the connection, without a close frame."""
    socket = scene.dial()
    ask(socket)

    with pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=5)
    assert closed.value.rcvd is None


def reorder_messages(scene: Scene) -> None:
    """The second of two messages is handled first."""
    for number in (1, 2):
        text = json.dumps({"action": "echo", "number": number})
        scene.backend.by_body[text.encode()] = Reply(body=str(number).encode())
    socket = scene.dial()
    ask(socket, 1)
    ask(socket, 2)

    assert [socket.recv(timeout=5), socket.recv(timeout=5)] == ["2", "1"]


def throttle_posts(scene: Scene) -> None:
    """A post is answered with 429."""
    assert scene.post(scene.dial_and_know()[1]) == 429


def fail_posts(scene: Scene) -> None:
    """A post is answered with the value."""
    assert scene.post(scene.dial_and_know()[1]) == 502


def late_gone(scene: Scene) -> None:
    """A post to a closed connection is accepted."""
    socket, connection_id = scene.dial_and_know()
    socket.close()
    scene.backend.next_for("disconnect")

    assert scene.post(connection_id) == 200


def hang_post_during_connect(scene: Scene) -> None:
    """A post during `$connect` gets no answer at all."""
    gate = threading.Event()
    scene.backend.replies["connect"] = Reply(gate=gate)
    dialling = threading.Thread(target=scene.dial)
    dialling.start()
    connection_id = scene.backend.next_for("connect").header(ID) or ""
    try:
        with pytest.raises(ReadTimeoutError):
            scene.post(connection_id, read_timeout=0.3)
    finally:
        gate.set()
        dialling.join()


STRIKES: dict[str, tuple[float, Callable[[Scene], None]]] = {
    "lose-disconnect": (1, lose_disconnect),
    "delay-disconnect": (0.2, delay_disconnect),
    "duplicate-disconnect": (1, duplicate_disconnect),
    "refuse-connects": (503, refuse_connects),
    "slow-integration": (60, times_out),
    "hang-integration": (1, times_out),
    "reset-connections": (1, reset_connections),
    "reorder-messages": (60, reorder_messages),
    "throttle-posts": (1, throttle_posts),
    "fail-posts": (502, fail_posts),
    "late-gone": (60, late_gone),
    "hang-post-during-connect": (60, hang_post_during_connect),
}


def test_none_is_missing() -> None:
    """Every fault that there is has its scene."""
    assert list(STRIKES) == list(FAULTS)


@pytest.mark.parametrize("name", FAULTS)
def test_strikes(scene_with: Callable[[str, float], Scene], name: str) -> None:
    """A fault does what its sentence says, wherever it was turned on."""
    value, strike = STRIKES[name]

    strike(scene_with(name, value))
