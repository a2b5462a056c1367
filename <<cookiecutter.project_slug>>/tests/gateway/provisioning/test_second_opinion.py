"""moto, which others wrote, understands what is sent for everything that it implements: a second opinion beside the emulator."""

from gateway import aws
from gateway.provisioning.actual import DEFAULTS
from gateway.provisioning.apply import wanted_state
from gateway.provisioning.calls import ControlPlane
from gateway.provisioning.planner import differences, make_plan
from gateway.provisioning.records import Records
from gateway.provisioning.state import Kind, State
from gateway.provisioning.steps import STEPS, Run
from tests.gateway.provisioning.conftest import Neighbours, Site

IMPLEMENTED = (Kind.API, Kind.INTEGRATION, Kind.ROUTE, Kind.ROUTE_RESPONSE)
"""moto knows no deployments."""


def test_moto_keeps_what_is_sent(site: Site, neighbours: Neighbours) -> None:
    """The API, the integrations with all their headers and the routes come back as they were asked for."""
    moto = aws.client("apigatewayv2", endpoint_url="https://apigateway.eu-central-1.amazonaws.com")
    plane = ControlPlane(name="moto", region="eu-central-1", is_aws=True, client=lambda _service: moto)
    gateway = site.gateway
    wanted = wanted_state(gateway, site.plane())
    run = Run(plane, Records(gateway, plane), State(), site.said.append)

    for step in make_plan(wanted, State()).steps:
        if step.kind in IMPLEMENTED:
            STEPS[step.action, step.kind](run, step)

    assert [api["Name"] for api in moto.get_apis()["Items"]] == ["tests"]
    for integration in moto.get_integrations(ApiId=gateway.api_id)["Items"]:
        key = integration["Description"].removeprefix("WebSocket route ")
        found = {name: integration.get(name, default) for name, default in DEFAULTS[Kind.INTEGRATION].items()}
        assert list(differences(wanted.resources[Kind.INTEGRATION, key].properties, found)) == []
    targets = {route["RouteKey"]: route["Target"] for route in moto.get_routes(ApiId=gateway.api_id)["Items"]}
    assert targets == {key: f"integrations/{found}" for key, found in gateway.aws_ids["integration"].items()}
