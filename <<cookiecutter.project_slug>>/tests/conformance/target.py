"""What is tested: an API on the emulator, or the same API on AWS. Both are made and used through public interfaces alone."""

import os
import secrets
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from gateway.testing.emulator import running_emulator
from tests.conformance.recorder import CONNECTION_ID, Call, Recorder, recording

AWS = os.environ.get("CONFORMANCE_TARGET", "emulator") == "aws"
UNREACHABLE = "http://unreachable.invalid" if AWS else "http://127.0.0.1:9"
BACKEND_HOST = os.environ.get("CONFORMANCE_BACKEND_HOST", "127.0.0.1")
BACKEND_PORT = int(os.environ.get("CONFORMANCE_BACKEND_PORT", "8080"))
"""Where the public address in `CONFORMANCE_BACKEND_URL` must lead."""
NAME = STAGE = "conformance"
LIVE_SECONDS = 60.0
LIVE_IN_A_ROW = 3
"""A new stage reaches AWS's machines one after another, and each handshake meets another machine."""
LONGEST_RUN = timedelta(hours=4)
MAPPED = {
    f"integration.request.header.{CONNECTION_ID}": "context.connectionId",
    "integration.request.header.X-Conformance-Event": "context.eventType",
    "integration.request.header.X-Conformance-Route": "context.routeKey",
    "integration.request.header.X-Conformance-Stage": "context.stage",
    "integration.request.header.X-Conformance-Api-Id": "context.apiId",
    "integration.request.header.X-Conformance-Message-Id": "context.messageId",
    "integration.request.header.X-Conformance-Source-Ip": "context.identity.sourceIp",
    "integration.request.header.X-Conformance-Connected-At": "context.connectedAt",
    "integration.request.header.X-Conformance-Literal": "'fixed text'",
    "integration.request.header.X-Conformance-Colour": "stageVariables.colour",
    "integration.request.querystring.mapped": "context.eventType",
}
ENDING = {
    "integration.request.header.X-Conformance-Code": "context.disconnectStatusCode",
    "integration.request.header.X-Conformance-Reason": "context.disconnectReason",
}
WANTED = "route.request.querystring.wanted"
"""What `$connect` declares and maps of the client's query string."""


@dataclass
class Api:
    """One API and the stage that serves it."""

    api_id: str
    endpoint: str
    stage: str = STAGE

    @property
    def socket_url(self) -> str:
        return f"{self.endpoint}/{self.stage}"

    @property
    def callback_url(self) -> str:
        return self.socket_url.replace("ws", "http", 1)


@dataclass
class Target:
    """The control plane, the backend, and the APIs made for the tests."""

    control: Any
    session: boto3.Session
    recorder: Recorder
    backend_url: str
    made: list[str] = field(default_factory=list)
    """The APIs of this run, in the order in which they were made."""

    def management(self, api: Api, *, patience: float = 5, **options: Any) -> Any:
        """Unmodified boto3 for the management API; one attempt, so that a test sees the first answer."""
        config = Config(retries={"total_max_attempts": 1, "mode": "standard"}, read_timeout=patience, connect_timeout=5)
        return self.session.client("apigatewaymanagementapi", endpoint_url=api.callback_url, config=config, **options)

    def open(self, api: Api, query: Mapping[str, object] | None = None, **options: Any) -> ClientConnection:
        """A socket. `websockets.exceptions.InvalidStatus` where the handshake is refused."""
        address = f"{api.socket_url}?{urlencode(query)}" if query else api.socket_url
        settings = {"compression": None, "close_timeout": 5, "open_timeout": 40, "user_agent_header": "Conformance/1"}
        return connect(address, **{**settings, **options})

    def integration(self, api_id: str, name: str, **changes: Any) -> str:
        """An HTTP_PROXY integration to `/name` of the recorder; the target of a route."""
        values = {
            "IntegrationType": "HTTP_PROXY",
            "IntegrationMethod": "POST",
            "IntegrationUri": f"{self.backend_url}/{name}",
            "RequestParameters": MAPPED,
        }
        made = self.control.create_integration(ApiId=api_id, **values | changes)
        return f"integrations/{made['IntegrationId']}"

    def api(self) -> str:
        """The id of a new, empty API."""
        made = self.control.create_api(
            Name=NAME, ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action"
        )
        api_id: str = made["ApiId"]
        self.made.append(api_id)
        return api_id

    def delete(self, api_id: str) -> None:
        """Delete an API, and what is in it."""
        self.control.delete_api(ApiId=api_id)
        self.made.remove(api_id)

    def deploy(self, api_id: str, **settings: Any) -> Api:
        """Put the API on its stage."""
        deployment = self.control.create_deployment(ApiId=api_id)["DeploymentId"]
        variables = {"colour": "blue"}
        self.control.create_stage(
            **{"ApiId": api_id, "StageName": STAGE, "DeploymentId": deployment, "StageVariables": variables, **settings}
        )
        return Api(api_id, self.control.get_api(ApiId=api_id)["ApiEndpoint"], settings.get("StageName", STAGE))

    def wait_until_live(self, api: Api) -> None:
        """A new stage takes some seconds on AWS. Raises AssertionError when it takes a minute."""
        for _ in range(LIVE_IN_A_ROW):
            self.wait_for_status(api, 101)

    def wait_for_status(self, api: Api, status: int) -> None:
        """Until a handshake is answered with that status. Raises AssertionError when a minute does not do."""
        eventually(lambda: self._status(api), status)

    def _status(self, api: Api) -> int | str:
        try:
            with self.open(api) as socket:
                return socket.response.status_code if socket.response else 0
        except InvalidStatus as refused:
            return refused.response.status_code
        except OSError as error:  # the name of a new API is not known everywhere at once
            return type(error).__name__


def eventually(look: Callable[[], object], wanted: object) -> None:
    """Until something is as wanted: what is changed on AWS takes some seconds to be so everywhere. Raises AssertionError."""
    deadline = time.monotonic() + LIVE_SECONDS
    while (seen := look()) != wanted:
        assert time.monotonic() < deadline, f"after a minute it is still {seen}, not {wanted}"
        time.sleep(1)


class Socket:
    """An open socket of a test, and its connection id, which only the backend is told."""

    def __init__(self, target: Target, api: Api, query: Mapping[str, object] | None = None, **options: Any) -> None:
        before = len(target.recorder.calls)
        self.client = target.open(api, query, **options)
        self.connected: Call = target.recorder.wait_for("connect", since=before)
        connection_id = self.connected.header(CONNECTION_ID)
        assert connection_id is not None
        self.connection_id = connection_id


def full_api(target: Target) -> Api:
    """Every kind of route."""
    api_id = target.api()
    control = target.control
    connect_mapping = MAPPED | {"integration.request.header.X-Conformance-Wanted": WANTED}
    control.create_route(
        ApiId=api_id,
        RouteKey="$connect",
        Target=target.integration(api_id, "connect", RequestParameters=connect_mapping, TimeoutInMillis=3_000),
        RequestParameters={WANTED: {"Required": False}},
    )
    ending = target.integration(api_id, "disconnect", RequestParameters=MAPPED | ENDING)
    control.create_route(ApiId=api_id, RouteKey="$disconnect", Target=ending)
    for key in ("$default", "one_way"):
        control.create_route(ApiId=api_id, RouteKey=key, Target=target.integration(api_id, key.removeprefix("$")))
    _two_way(target, api_id, "two_way", target.integration(api_id, "two_way"))
    _two_way(target, api_id, "short", target.integration(api_id, "short", TimeoutInMillis=1_000))
    unreachable = target.integration(api_id, "unreachable", IntegrationUri=f"{UNREACHABLE}/unreachable")
    _two_way(target, api_id, "unreachable", unreachable)
    only = {"RouteResponseSelectionExpression": "$default"}
    control.create_route(
        ApiId=api_id, RouteKey="expression_only", Target=target.integration(api_id, "expression_only"), **only
    )
    return target.deploy(api_id)


def bare_api(target: Target) -> Api:
    """One route and nothing else: no `$connect`, no `$disconnect`, no `$default`."""
    api_id = target.api()
    target.control.create_route(ApiId=api_id, RouteKey="known", Target=target.integration(api_id, "known"))
    return target.deploy(api_id)


def _two_way(target: Target, api_id: str, key: str, integration: str) -> None:
    route = target.control.create_route(
        ApiId=api_id, RouteKey=key, Target=integration, RouteResponseSelectionExpression="$default"
    )
    target.control.create_route_response(ApiId=api_id, RouteId=route["RouteId"], RouteResponseKey="$default")


@contextmanager
def running_target() -> Iterator[Target]:
    """The emulator, or AWS with the credentials of the environment. What was made there is deleted in the end."""
    with ExitStack() as stack:
        recorder = stack.enter_context(recording(BACKEND_HOST, BACKEND_PORT) if AWS else recording())
        target = _aws(recorder) if AWS else _emulator(recorder, stack)
        _check_backend(target)
        delete_all(target, left_behind(target))
        try:
            yield target
        finally:
            delete_all(target, list(target.made))


def left_behind(target: Target) -> list[str]:
    """The APIs of runs that were cut off. Younger ones may belong to a run that goes on elsewhere."""
    pages = target.control.get_paginator("get_apis").paginate()
    apis = [api for page in pages for api in page["Items"] if api["Name"] == NAME]
    return [api["ApiId"] for api in apis if api["CreatedDate"] < datetime.now(UTC) - LONGEST_RUN]


def delete_all(target: Target, api_ids: list[str]) -> None:
    """Each of them, whatever becomes of the others."""
    for api_id in api_ids:
        try:
            target.control.delete_api(ApiId=api_id)
        except ClientError as error:
            warnings.warn(f"Delete the API {api_id} yourself: {error}", stacklevel=2)


def _check_backend(target: Target) -> None:
    """Nothing is made before the public address is known to lead here."""
    nonce = secrets.token_bytes(8)
    try:
        urlopen(Request(f"{target.backend_url}/probe", nonce), timeout=20).close()
        target.recorder.wait_for("probe", body=nonce)
    except (OSError, AssertionError) as error:
        pytest.exit(f"{target.backend_url} does not lead to port {target.recorder.port} here: {error}", returncode=2)


def _emulator(recorder: Recorder, stack: ExitStack) -> Target:
    emulator = stack.enter_context(running_emulator())
    session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name="us-east-1")
    control = session.client("apigatewayv2", endpoint_url=emulator.url)
    return Target(control, session, recorder, f"http://127.0.0.1:{recorder.port}")


def _aws(recorder: Recorder) -> Target:
    """The keys and the endpoints of a laptop, which the test settings and `.env` provide, are not meant here."""
    backend_url = os.environ.get("CONFORMANCE_BACKEND_URL", "")
    session = boto3.Session(profile_name=os.environ.get("AWS_PROFILE"), region_name=os.environ.get("AWS_REGION"))
    credentials = session.get_credentials()
    if not backend_url or credentials is None or credentials.access_key == "local":
        pytest.exit(
            "Against AWS: credentials (AWS_PROFILE, or keys in the environment), AWS_REGION, and in CONFORMANCE_BACKEND_URL "
            f"a public address that leads to port {BACKEND_PORT} of this machine.",
            returncode=2,
        )
    # The control plane takes ten calls a second; adaptive retries keep within that.
    config = Config(retries={"max_attempts": 10, "mode": "adaptive"}, ignore_configured_endpoint_urls=True)
    return Target(session.client("apigatewayv2", config=config), session, recorder, backend_url.rstrip("/"))
