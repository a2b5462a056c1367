"""A control plane on a real port, and the ordinary boto3 client that talks to it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from aiohttp import web
from botocore.config import Config

from emulator.control import ControlFaults, routes
from emulator.store import Store
from tests.serving import served

NOW = 1_750_000_000.0


@dataclass
class ControlServer:
    """A running control plane and what it was made of."""

    store: Store
    faults: ControlFaults = field(default_factory=ControlFaults)
    port: int = 0

    @property
    def url(self) -> str:
        """Its base address."""
        return f"http://127.0.0.1:{self.port}"

    def client(self, *, region: str = "us-east-1", attempts: int = 1, validate: bool = True) -> Any:
        """An unmodified client. By default it does not retry, so that every fault is seen."""
        return boto3.client(
            "apigatewayv2",
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(retries={"total_max_attempts": attempts, "mode": "standard"}, parameter_validation=validate),
        )


@contextmanager
def serving(store: Store, **options: Any) -> Iterator[ControlServer]:
    """Serves a store's control plane."""
    server = ControlServer(store)
    app = web.Application()
    app.add_routes(routes(store, clock=lambda: NOW, faults=server.faults, **options))
    with served(app) as server.port:
        yield server


@pytest.fixture
def server() -> Iterator[ControlServer]:
    """An empty control plane."""
    with serving(Store()) as running:
        yield running


@pytest.fixture
def client(server: ControlServer) -> Any:
    """An unmodified boto3 client."""
    return server.client()


@dataclass
class Builder:
    """Makes resources, so that a test names only what it is about."""

    client: Any

    def api(self, **changes: Any) -> str:
        """The id of a new API."""
        values = {"Name": "chat", "ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.action"}
        return self.client.create_api(**values | changes)["ApiId"]

    def integration(self, api_id: str, **changes: Any) -> str:
        """The id of a new integration."""
        values = {
            "IntegrationType": "HTTP_PROXY",
            "IntegrationMethod": "POST",
            "IntegrationUri": "http://127.0.0.1:8000/ws/default",
        }
        return self.client.create_integration(ApiId=api_id, **values | changes)["IntegrationId"]

    def route(self, api_id: str, route_key: str = "$default", **changes: Any) -> str:
        """The id of a new route."""
        return self.client.create_route(ApiId=api_id, RouteKey=route_key, **changes)["RouteId"]

    def deployed(self, api_id: str, stage_name: str = "production", **changes: Any) -> str:
        """The id of a deployment of the API as it is, with a new stage that points at it."""
        deployment_id = self.client.create_deployment(ApiId=api_id)["DeploymentId"]
        self.client.create_stage(ApiId=api_id, StageName=stage_name, DeploymentId=deployment_id, **changes)
        return deployment_id

    def domain(self, name: str = "ws.example.com") -> str:
        """The name of a new custom domain."""
        certificate = "arn:aws:acm:us-east-1:123456789012:certificate/6d2f0a1e-3f4b-4c5d-8e9f-0123456789ab"
        configuration = {"CertificateArn": certificate, "EndpointType": "REGIONAL", "SecurityPolicy": "TLS_1_2"}
        return self.client.create_domain_name(DomainName=name, DomainNameConfigurations=[configuration])["DomainName"]


@pytest.fixture
def build(client: Any) -> Builder:
    """Makes resources through the client."""
    return Builder(client)


Refusal = Callable[..., str]


@pytest.fixture
def refusal(server: ControlServer) -> Refusal:
    """Calls an operation that must fail with the named exception class of the client; returns the message.

    The client is told to leave the checks to the server.
    """
    client = server.client(validate=False)

    def call(exception: str, operation: str, /, **parameters: Any) -> str:
        with pytest.raises(getattr(client.exceptions, exception)) as caught:
            getattr(client, operation)(**parameters)
        return caught.value.response["Error"]["Message"]

    return call
