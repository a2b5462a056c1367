"""What the conformance suite runs against: the emulator, or AWS itself. Nothing below this file knows which.

`CONFORMANCE_TARGET=aws` needs credentials that may manage `apigateway` and `execute-api` (`AWS_PROFILE`, or keys in the
environment), `AWS_REGION`, and a public address in `CONFORMANCE_BACKEND_URL` that leads to `CONFORMANCE_BACKEND_PORT` (8080) of
this machine: the backend of the suite.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from websockets.sync.client import ClientConnection, connect

from gateway.testing.emulator import running_emulator
from tests.emulator.backend import Backend, Received, running_backend

ON_AWS = os.environ.get("CONFORMANCE_TARGET", "emulator") == "aws"
STAGE = "conformance"
HEADERS = {
    "Id": "context.connectionId",
    "Event": "context.eventType",
    "Route": "context.routeKey",
    "Stage": "context.stage",
    "Api": "context.apiId",
    "Ip": "context.identity.sourceIp",
    "Agent": "context.identity.userAgent",
    "Secret": "'mapped'",
}
CODE = {"Code": "context.disconnectStatusCode", "Reason": "context.disconnectReason"}
UNREACHABLE = "http://unreachable.invalid/" if ON_AWS else "http://127.0.0.1:9/"


@dataclass(frozen=True, slots=True)
class RouteSpec:
    """A route to provision, served at the last part of the backend's path."""

    key: str
    two_way: bool = False
    timeout_ms: int = 29_000
    uri: str = ""


ROUTES = (
    RouteSpec("$connect"),
    RouteSpec("$disconnect"),
    RouteSpec("$default"),
    RouteSpec("echo", two_way=True),
    RouteSpec("slow", timeout_ms=1_000),
    RouteSpec("dead", uri=UNREACHABLE),
)


@dataclass
class Api:
    """A deployed API, the backend behind it, and clients for both of its ends."""

    endpoint: str
    management: Any
    backend: Backend
    stack: ExitStack
    _seen: list[Received] = field(default_factory=list)

    def dial(self, query: str = "", **options: Any) -> ClientConnection:
        """Open a socket."""
        options = {"compression": None, "open_timeout": 40, "close_timeout": 5, **options}
        socket: ClientConnection = self.stack.enter_context(connect(self.endpoint + query, **options))
        return socket

    def open(self, **options: Any) -> tuple[ClientConnection, str]:
        """Open a socket; it and its connection id, as the backend learns it."""
        case = uuid.uuid4().hex
        socket = self.dial(f"?case={case}", **options)
        connection_id = self.event("connect", case).header("X-Id")
        assert connection_id
        return socket, connection_id

    def event(self, name: str, mark: str) -> Received:
        """The call of that route that holds a mark: a connection id, or something that was sent."""
        for number, received in enumerate(self._seen):
            if _is_meant(received, name, mark):
                return self._seen.pop(number)
        while True:
            received = self.backend.next()
            if _is_meant(received, name, mark):
                return received
            self._seen.append(received)


def _is_meant(received: Received, name: str, mark: str) -> bool:
    path = received.path.partition("?")[0]
    holds = mark in received.path or mark.encode() in received.body or received.header("X-Id") == mark
    return path.endswith(f"/{name}") and holds


@contextmanager
def deployed_api() -> Iterator[Api]:
    """An API of the suite's own, deleted in the end."""
    with ExitStack() as stack:
        if ON_AWS:
            backend = stack.enter_context(running_backend(port=int(os.environ.get("CONFORMANCE_BACKEND_PORT", "8080"))))
            session = boto3.Session(profile_name=os.environ.get("AWS_PROFILE"), region_name=os.environ["AWS_REGION"])
            url, endpoint = os.environ["CONFORMANCE_BACKEND_URL"].rstrip("/"), None
        else:
            backend = stack.enter_context(running_backend())
            session = boto3.Session("local", "local", region_name="us-east-1")
            url, endpoint = backend.url, stack.enter_context(running_emulator()).url
        patient = Config(retries={"mode": "standard", "max_attempts": 8})
        control = session.client("apigatewayv2", endpoint_url=endpoint, config=patient)
        api = control.create_api(
            Name=f"conformance-{uuid.uuid4().hex[:8]}",
            ProtocolType="WEBSOCKET",
            RouteSelectionExpression="$request.body.action",
        )
        stack.callback(control.delete_api, ApiId=api["ApiId"])
        _provision(control, api["ApiId"], url)
        address = f"{api['ApiEndpoint']}/{STAGE}"
        callbacks = address.replace("ws", "http", 1)
        management = session.client("apigatewaymanagementapi", endpoint_url=callbacks)
        yield Api(address, management, backend, stack.enter_context(ExitStack()))


def _provision(control: Any, api_id: str, backend_url: str) -> None:
    for spec in ROUTES:
        name = spec.key.removeprefix("$")
        mapped = HEADERS | (CODE if spec.key == "$disconnect" else {})
        integration = control.create_integration(
            ApiId=api_id,
            IntegrationType="HTTP_PROXY",
            IntegrationMethod="POST",
            IntegrationUri=spec.uri or f"{backend_url}/{name}",
            TimeoutInMillis=spec.timeout_ms,
            RequestParameters={f"integration.request.header.X-{key}": value for key, value in mapped.items()},
        )
        two_way = {"RouteResponseSelectionExpression": "$default"} if spec.two_way else {}
        target = f"integrations/{integration['IntegrationId']}"
        route = control.create_route(ApiId=api_id, RouteKey=spec.key, Target=target, **two_way)
        if spec.two_way:
            control.create_route_response(ApiId=api_id, RouteId=route["RouteId"], RouteResponseKey="$default")
    deployment = control.create_deployment(ApiId=api_id)
    control.create_stage(ApiId=api_id, StageName=STAGE, DeploymentId=deployment["DeploymentId"])
