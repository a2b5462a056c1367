"""A control plane on a real port, the project's settings pointing at it, and ways to break a run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.config import Config
from moto import mock_aws
from moto.acm.models import acm_backends
from pytest_django.fixtures import Settings

from emulator.store import Store
from gateway import aws
from gateway.models import ApiGateway
from gateway.provisioning.apply import apply, plan_for
from gateway.provisioning.calls import ENDPOINT_VARIABLES, ControlPlane, control_plane
from gateway.provisioning.plan import Plan
from gateway.provisioning.registration import register
from tests.emulator.control.conftest import ControlServer, serving

ACCOUNT = "123456789012"
CERTIFICATE = "arn:aws:acm:eu-central-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"


class Killed(BaseException):
    """What a process that is killed there never gets past."""


@dataclass
class Site:
    """One project with its control plane, as a test sees them."""

    server: ControlServer
    settings: Settings
    said: list[str] = field(default_factory=list)
    services: frozenset[str] = frozenset()

    @property
    def gateway(self) -> ApiGateway:
        return ApiGateway.objects.get()

    def set(self, **websockets: Any) -> None:
        """Changes the WEBSOCKETS setting."""
        self.settings.WEBSOCKETS = self.settings.WEBSOCKETS | websockets

    def change(self, **fields: Any) -> None:
        """Changes the record, as the admin does."""
        ApiGateway.objects.update(**fields)

    def plane(self, **options: Any) -> ControlPlane:
        plane = control_plane()
        plane.sleep = lambda _seconds: None
        plane.services = self.services
        for name, value in options.items():
            setattr(plane, name, value)
        return plane

    def apply(self, **options: Any) -> Plan:
        return apply(self.gateway, self.plane(**options), self.said.append)

    def plan(self) -> Plan:
        return plan_for(self.gateway, self.plane())

    @property
    def client(self) -> Any:
        return aws.client("apigatewayv2")

    @property
    def apis(self) -> list[dict[str, Any]]:
        return list(self.client.get_apis()["Items"])


def killing_after(calls: int) -> Callable[[str], Any]:
    """A maker of ordinary clients that die when AWS has carried out that many calls and nobody has seen the last answer."""
    done = 0

    def count(**_: Any) -> None:
        nonlocal done
        done += 1
        if done == calls:
            raise Killed

    def client(service: str) -> Any:
        made = aws._session(aws.region()).client(service, endpoint_url=aws.client(service).meta.endpoint_url)
        made.meta.events.register("after-call", count)
        return made

    return client


def asking_once(service: str) -> Any:
    """An ordinary client that repeats nothing of its own accord, so that only our own patience shows."""
    config = Config(retries={"total_max_attempts": 1})
    return aws._session(aws.region()).client(service, endpoint_url=aws.client(service).meta.endpoint_url, config=config)


@contextmanager
def site_on(store: Store, settings: Settings) -> Iterator[Site]:
    """A registered project whose control plane is an emulator with this store."""
    with serving(store) as server:
        settings.WEBSOCKETS = settings.WEBSOCKETS | {
            "APIGATEWAYV2_ENDPOINT": server.url,
            "MANAGEMENT_ENDPOINT": server.url,
        }
        register()
        yield Site(server, settings)


@pytest.fixture
def site(db: None, settings: Settings) -> Iterator[Site]:
    """A registered gateway and an empty control plane."""
    with site_on(Store(), settings) as made:
        yield made
    aws.forget()


@pytest.fixture
def live(site: Site) -> Site:
    """The same, provisioned."""
    assert not site.apply()
    return site


@dataclass
class Neighbours:
    """The AWS services beside API Gateway, as moto has them: ACM, Route 53, CloudWatch Logs and the account's settings."""

    zone_id: str
    log_group_arn: str = "arn:aws:logs:eu-central-1:123456789012:log-group:/websocket/tests"

    def pass_time(self, _seconds: float) -> None:
        """While provisioning waits, ACM finds the DNS record and issues what was requested."""
        for certificate in acm_backends[ACCOUNT][aws.region()]._certificates.values():
            if certificate.status == "PENDING_VALIDATION":
                certificate.status = "ISSUED"

    def end(self, arn: str, status: str) -> None:
        """What becomes of a certificate in the end."""
        acm_backends[ACCOUNT][aws.region()]._certificates[arn].status = status


@pytest.fixture
def neighbours(site: Site) -> Iterator[Neighbours]:
    """moto, with a hosted zone and with the account's role for logs. Calls to the emulator pass by it."""
    with mock_aws():
        aws.forget()
        site.services = frozenset(ENDPOINT_VARIABLES)
        zone = aws.client("route53").create_hosted_zone(Name="example.com", CallerReference="tests")
        role = f"arn:aws:iam::{ACCOUNT}:role/logs"
        aws.client("apigateway").update_account(
            patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}]
        )
        yield Neighbours(zone["HostedZone"]["Id"].rsplit("/", 1)[-1])
    aws.forget()
