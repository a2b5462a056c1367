"""Both planes together: what boto3 provisions is what a socket meets."""

from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from gateway.testing.emulator import RunningEmulator, running_emulator
from tests.emulator.backend import Backend, Reply
from tests.emulator.conftest import management_client
from tests.emulator.provision import control_client, provision


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    """Its control plane is empty: the tests provision it."""
    with running_emulator() as emulator:
        yield emulator


@pytest.fixture
def control(emulator: RunningEmulator) -> Any:
    return control_client(emulator.url)


def test_socket_at_the_api_endpoint(control: Any, backend: Backend) -> None:
    """`{ApiEndpoint}/{stage}` is the socket's address, as on AWS."""
    api = provision(control, backend)
    backend.replies["default"] = Reply(body=b"hello")

    with connect(f"{api['ApiEndpoint']}/production") as socket:
        socket.send("anything")

        assert socket.recv(timeout=5) == "hello"


def test_callback_url(emulator: RunningEmulator, control: Any, backend: Backend) -> None:
    """The management API is at the same address over HTTP, for unmodified boto3."""
    api = provision(control, backend)

    with connect(f"{api['ApiEndpoint']}/production") as socket:
        connection_id = backend.next_for("connect").header("X-Gateway-Connection-Id")
        endpoint = api["ApiEndpoint"].replace("ws://", "http://") + "/production"
        management_client(endpoint).post_to_connection(ConnectionId=connection_id, Data="grüß dich")

        assert socket.recv(timeout=5) == "grüß dich"


def test_undeployed_stage(emulator: RunningEmulator, control: Any) -> None:
    """AWS facts 1.2: a stage without a deployment answers 403."""
    api = control.create_api(Name="chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")
    control.create_stage(ApiId=api["ApiId"], StageName="production")

    with pytest.raises(InvalidStatus) as refused:
        connect(f"{api['ApiEndpoint']}/production")

    assert refused.value.response.status_code == 403


def test_undeployed_route(control: Any, backend: Backend) -> None:
    """AWS facts 7.1: a route made after the deployment is not live."""
    api = provision(control, backend)
    integration = control.get_integrations(ApiId=api["ApiId"])["Items"][0]["IntegrationId"]
    control.create_route(ApiId=api["ApiId"], RouteKey="chat", Target=f"integrations/{integration}")

    with connect(f"{api['ApiEndpoint']}/production") as socket:
        socket.send('{"action": "chat"}')

        assert backend.next_for("default").body == b'{"action": "chat"}'


def test_new_deployment_reaches_open_connections(control: Any, backend: Backend) -> None:
    """A connection goes on under the deployment that its stage points at now."""
    api = provision(control, backend)
    integrations = control.get_integrations(ApiId=api["ApiId"])["Items"]

    with connect(f"{api['ApiEndpoint']}/production") as socket:
        target = f"integrations/{integrations[0]['IntegrationId']}"
        control.create_route(ApiId=api["ApiId"], RouteKey="chat", Target=target)
        control.create_deployment(ApiId=api["ApiId"], StageName="production")
        socket.send('{"action": "chat"}')

        assert backend.next_for(integrations[0]["IntegrationUri"].rpartition("/")[2]).method == "POST"


def test_zero_throttle_trap(control: Any, backend: Backend) -> None:
    """AWS facts 7.5: route settings whose throttling numbers are 0 refuse every `$connect` with 429."""
    api = provision(control, backend)
    control.update_stage(
        ApiId=api["ApiId"],
        StageName="production",
        DefaultRouteSettings={"ThrottlingBurstLimit": 0, "ThrottlingRateLimit": 0},
    )

    with pytest.raises(InvalidStatus) as refused:
        connect(f"{api['ApiEndpoint']}/production")

    assert refused.value.response.status_code == 429
