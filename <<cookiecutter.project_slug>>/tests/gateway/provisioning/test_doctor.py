"""The doctor finds each single fault of a correct gateway, names it once, and mends it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django.fixtures import Settings

from gateway import wire
from gateway.provisioning.doctor import diagnose, mend
from tests.gateway.provisioning.conftest import CERTIFICATE, Site

PREFIX = "integration.request.header."


class Aws:
    """AWS's console, as somebody uses it who should not."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.client = site.client
        self.ids = site.gateway.aws_ids
        self.api_id = site.gateway.api_id
        self.api_arn = f"arn:aws:apigateway:eu-central-1::/apis/{self.api_id}"

    def api(self, **fields: Any) -> None:
        self.client.update_api(ApiId=self.api_id, **fields)

    def integration(self, key: str = "chat_message", **fields: Any) -> None:
        self.client.update_integration(ApiId=self.api_id, IntegrationId=self.ids["integration"][key], **fields)

    def header(self, name: str, value: str, key: str = "chat_message") -> None:
        """An empty value takes the header away."""
        self.integration(key, RequestParameters={PREFIX + name: value})

    def route(self, key: str = "chat_message", **fields: Any) -> None:
        self.client.update_route(ApiId=self.api_id, RouteId=self.ids["route"][key], **fields)

    def stage(self, **fields: Any) -> None:
        self.client.update_stage(ApiId=self.api_id, StageName="production", **fields)

    def settings(self, **fields: Any) -> None:
        known = self.client.get_stage(ApiId=self.api_id, StageName="production")["DefaultRouteSettings"]
        self.stage(DefaultRouteSettings=known | fields)

    def domain(self, **fields: Any) -> None:
        configuration = {"CertificateArn": CERTIFICATE, "EndpointType": "REGIONAL", "SecurityPolicy": "TLS_1_2"}
        self.client.update_domain_name(DomainName="ws.example.com", DomainNameConfigurations=[configuration | fields])

    def mapping(self) -> str:
        return str(self.client.get_api_mappings(DomainName="ws.example.com")["Items"][0]["ApiMappingId"])


def another_stage(aws: Aws) -> None:
    aws.client.create_stage(ApiId=aws.api_id, StageName="other")


def deploy_by_hand(aws: Aws) -> None:
    made = aws.client.create_deployment(ApiId=aws.api_id, Description="by hand")
    aws.stage(DeploymentId=made["DeploymentId"])


MUTATIONS: dict[str, Callable[[Aws], Any]] = {
    "API: name": lambda aws: aws.api(Name="renamed"),
    "API: route selection expression": lambda aws: aws.api(RouteSelectionExpression="$request.body.kind"),
    "API: default endpoint off": lambda aws: aws.api(DisableExecuteApiEndpoint=True),
    "API: IP address type": lambda aws: aws.api(IpAddressType="dualstack"),
    "API: tag gone": lambda aws: aws.client.untag_resource(ResourceArn=aws.api_arn, TagKeys=["websocket-site"]),
    "API: tag changed": lambda aws: aws.client.tag_resource(ResourceArn=aws.api_arn, Tags={"websocket-site": "x"}),
    "API: deleted": lambda aws: (
        aws.client.delete_api_mapping(ApiMappingId=aws.mapping(), DomainName="ws.example.com"),
        aws.client.delete_api(ApiId=aws.api_id),
    ),
    "integration: address": lambda aws: aws.integration(IntegrationUri="https://www.example.com/elsewhere"),
    "integration: method": lambda aws: aws.integration(IntegrationMethod="GET"),
    "integration: timeout": lambda aws: aws.integration(TimeoutInMillis=1_000),
    "integration: description": lambda aws: aws.integration(Description="mine"),
    "integration: secret changed": lambda aws: aws.header(wire.SECRET, "'wrong'"),
    "integration: secret gone": lambda aws: aws.header(wire.SECRET, ""),
    "integration: source address gone": lambda aws: aws.header(wire.SOURCE_IP, "", "$connect"),
    "integration: connection id from elsewhere": lambda aws: aws.header(wire.CONNECTION_ID, "'fixed'"),
    "integration: event kind": lambda aws: aws.header(wire.EVENT, "'CONNECT'"),
    "integration: header more": lambda aws: aws.header("X-More", "'more'"),
    "integration: content type": lambda aws: aws.header("Content-Type", "'text/plain'"),
    "integration: one more": lambda aws: aws.client.create_integration(
        ApiId=aws.api_id,
        IntegrationType="HTTP_PROXY",
        IntegrationMethod="POST",
        IntegrationUri="https://x.example.com/",
    ),
    "route: target": lambda aws: aws.route(Target=f"integrations/{aws.ids['integration']['$default']}"),
    "route: one-way": lambda aws: aws.route(RouteResponseSelectionExpression=""),
    "route: two-way": lambda aws: aws.route("one_way", RouteResponseSelectionExpression="$default"),
    "route: deleted": lambda aws: aws.client.delete_route(ApiId=aws.api_id, RouteId=aws.ids["route"]["chat_message"]),
    "route: one more": lambda aws: aws.client.create_route(ApiId=aws.api_id, RouteKey="more"),
    "route response: deleted": lambda aws: aws.client.delete_route_response(
        ApiId=aws.api_id,
        RouteId=aws.ids["route"]["chat_message"],
        RouteResponseId=aws.ids["route response"]["chat_message"],
    ),
    "stage: rate": lambda aws: aws.settings(ThrottlingRateLimit=1.0),
    "stage: burst": lambda aws: aws.settings(ThrottlingBurstLimit=1),
    "stage: throttles stored as zero": lambda aws: aws.settings(ThrottlingRateLimit=0.0),
    "stage: detailed metrics": lambda aws: aws.settings(DetailedMetricsEnabled=True),
    "stage: deploys by itself": lambda aws: aws.stage(AutoDeploy=True),
    "stage: variable": lambda aws: aws.stage(StageVariables={"a": "b"}),
    "stage: throttle of one route": lambda aws: aws.stage(
        RouteSettings={"chat_message": {"ThrottlingRateLimit": 1.0, "ThrottlingBurstLimit": 1}}
    ),
    "stage: tag": lambda aws: aws.client.tag_resource(
        ResourceArn=f"{aws.api_arn}/stages/production", Tags={"websocket-stage": "x"}
    ),
    "stage: one more": another_stage,
    "stage: another deployment": deploy_by_hand,
    "stage: deleted": lambda aws: (
        aws.client.delete_api_mapping(ApiMappingId=aws.mapping(), DomainName="ws.example.com"),
        aws.client.delete_stage(ApiId=aws.api_id, StageName="production"),
    ),
    "domain: certificate": lambda aws: aws.domain(CertificateArn=CERTIFICATE.replace("1111-", "9999-")),
    "domain: IP address type": lambda aws: aws.domain(IpAddressType="dualstack"),
    "mapping: deleted": lambda aws: aws.client.delete_api_mapping(
        ApiMappingId=aws.mapping(), DomainName="ws.example.com"
    ),
    "mapping: one more": lambda aws: aws.client.create_api_mapping(
        ApiId=aws.api_id, DomainName="ws.example.com", Stage="production", ApiMappingKey="more"
    ),
    "record: API id": lambda aws: aws.site.change(api_id="gone"),
    "record: API endpoint": lambda aws: aws.site.change(api_endpoint="wss://elsewhere.example.com"),
    "record: callback URL": lambda aws: aws.site.change(callback_url="https://elsewhere.example.com/production"),
    "record: ids": lambda aws: aws.site.change(aws_ids={"API": {"tests": aws.api_id}}),
}
"""Each is one thing somebody did."""


@pytest.fixture
def healthy(site: Site, settings: Settings, tmp_path: Path) -> Iterator[Site]:
    """A correct gateway with a custom domain and Terraform's variables."""
    settings.BASE_DIR = tmp_path
    settings.ALLOWED_HOSTS = ["www.example.com"]
    (tmp_path / "terraform").mkdir()
    site.change(custom_domain=True, certificate_arn=CERTIFICATE)
    assert not site.apply()
    call_command("terraform_vars", verbosity=0)
    assert diagnose(site.gateway, site.plane()) == []
    return site


@pytest.mark.parametrize("name", MUTATIONS)
def test_one_fault_is_one_finding_and_is_mended(healthy: Site, name: str) -> None:
    """Exactly one finding, with its remedy; afterwards there is none and nothing left to do."""
    MUTATIONS[name](Aws(healthy))

    findings = diagnose(healthy.gateway, healthy.plane())
    mend(healthy.gateway, healthy.plane(), healthy.said.append)

    assert len(findings) == 1, [str(finding) for finding in findings]
    assert findings[0].remedy
    assert not healthy.plan()
    assert diagnose(healthy.gateway, healthy.plane()) == []
