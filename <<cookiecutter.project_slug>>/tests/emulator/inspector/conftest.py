"""What the inspector's tests share: a provisioned emulator, a reader of the live feed, requests as a browser sends them."""

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest

from emulator.clock import SystemClock
from gateway.testing.emulator import RunningEmulator, running_emulator
from tests.emulator.backend import Backend

SECONDS = 10.0
SESSION = boto3.Session()
SECRET = "the-shared-secret-of-this-project"
MAPPED = {
    "integration.request.header.X-Gateway-Secret": f"'{SECRET}'",
    "integration.request.header.X-Gateway-Connection-Id": "context.connectionId",
}


@dataclass
class Answer:
    """An HTTP answer, read to its end."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Browser:
    """Requests to the emulator's address."""

    def __init__(self, port: int) -> None:
        self.port = port

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, **headers: str) -> Answer:
        return self._request("GET", path, None, headers)

    def post(self, path: str, body: object, **headers: str) -> Answer:
        """As the inspector's own page posts; a header given as "" is left out."""
        own = {"Origin": self.origin, "Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"}
        return self._request("POST", path, json.dumps(body), own | headers)

    def _request(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        sent = {name.replace("_", "-"): value for name, value in headers.items() if value}
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()


@dataclass
class Event:
    """One server-sent event."""

    name: str
    data: Any
    event_id: str


@dataclass
class Listener:
    """A page that looks on: reads the live feed over a connection of its own."""

    connection: http.client.HTTPConnection
    response: http.client.HTTPResponse
    raw: list[str] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)

    def next(self, name: str) -> Event:
        """The next event of that name; the notes of others are kept. Raises EOFError at the end of the feed."""
        while True:
            event = self._read()
            if event.name == "notes":
                self.notes += event.data["notes"]
            if event.name == name:
                return event

    def note(self, kind: str, **facts: Any) -> dict[str, Any]:
        """The first note of that kind with these facts, waiting for it if need be."""
        while True:
            for note in self.notes:
                if note["kind"] == kind and facts.items() <= note.items():
                    return note
            self.next("notes")

    def overview(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next overview that fits."""
        while True:
            data: dict[str, Any] = self.next("overview").data
            if wanted(data):
                return data

    def is_over(self) -> bool:
        """Whether the feed ends."""
        try:
            while True:
                self._read()
        except EOFError:
            return True

    def _read(self) -> Event:
        values = {"event": "", "data": "null", "id": ""}
        while True:
            line = self.response.readline().decode()
            if not line:
                raise EOFError
            self.raw.append(line)
            if line == "\n" and values["event"]:
                return Event(values["event"], json.loads(values["data"]), values["id"])
            name, _, value = line.rstrip("\n").partition(": ")
            if name in values:
                values[name] = value


@contextmanager
def listener(port: int, **headers: str) -> Iterator[Listener]:
    """Opens the live feed. Raises AssertionError if it is refused."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    connection.request("GET", "/_emulator/live", headers={k.replace("_", "-"): v for k, v in headers.items()})
    response = connection.getresponse()
    assert response.status == 200, response.read()
    try:
        yield Listener(connection, response)
    finally:
        connection.close()


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    """Its control plane is a real one; its clock is the machine's, and can be put forward."""
    with running_emulator(clock=SystemClock()) as emulator:
        yield emulator


@pytest.fixture
def browser(emulator: RunningEmulator) -> Browser:
    return Browser(emulator.port)


@pytest.fixture
def listen(emulator: RunningEmulator) -> Iterator[Callable[..., Listener]]:
    """Opens feeds, and closes them in the end."""
    with ExitStack() as stack:
        yield lambda **headers: stack.enter_context(listener(emulator.port, **headers))


@pytest.fixture
def control(emulator: RunningEmulator) -> Any:
    """Unmodified boto3 for the control plane."""
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": "eu-central-1"}
    return SESSION.client("apigatewayv2", endpoint_url=emulator.url, **keys)


@pytest.fixture
def api_id(control: Any, backend: Backend) -> str:
    """An API with `$connect`, `$disconnect` and a two-way `$default`, deployed to the stage `production`."""
    api = control.create_api(Name="chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")
    api_id: str = api["ApiId"]
    for key in ("$connect", "$disconnect", "$default"):
        add_route(control, api_id, key, backend, two_way=key == "$default")
    deployment = control.create_deployment(ApiId=api_id)
    control.create_stage(ApiId=api_id, StageName="production", DeploymentId=deployment["DeploymentId"])
    return api_id


def add_route(control: Any, api_id: str, key: str, backend: Backend, *, two_way: bool = False) -> None:
    """A route and its integration, not deployed yet."""
    integration = control.create_integration(
        ApiId=api_id,
        IntegrationType="HTTP_PROXY",
        IntegrationMethod="POST",
        IntegrationUri=f"{backend.url}/ws/{key.removeprefix('$')}",
        RequestParameters=MAPPED,
    )
    target = f"integrations/{integration['IntegrationId']}"
    options = {"RouteResponseSelectionExpression": "$default"} if two_way else {}
    route = control.create_route(ApiId=api_id, RouteKey=key, Target=target, **options)
    if two_way:
        control.create_route_response(ApiId=api_id, RouteId=route["RouteId"], RouteResponseKey="$default")
