"""Plans are pure: what AWS may answer, and what is done about it, without a call."""

from dataclasses import replace

import pytest

from gateway.models import ApiGateway, ApiGatewayAdditionalRoute
from gateway.provisioning.actual import assign_integrations
from gateway.provisioning.desired import desired_state, request_parameters, wanted_routes
from gateway.provisioning.plan import Plan
from gateway.provisioning.planner import make_plan
from gateway.provisioning.state import Address, Kind, Resource, State, by_address
from gateway.wire import EventKind

GATEWAY = ApiGateway(api_name="chat", target_base_endpoint="https://www.example.com/ws/")
ROUTES = [ApiGatewayAdditionalRoute(route_key="greet"), ApiGatewayAdditionalRoute(route_key="log", reply=False)]
SECRET = "0123456789abcdef0123456789abcdef"

INTEGRATION: Address = (Kind.INTEGRATION, "greet")


def wanted() -> State:
    return desired_state(GATEWAY, ROUTES, secret=SECRET)


def applied(changes: dict[Address, Resource | None] | None = None) -> State:
    """What AWS answers when all is well, but for the changes."""
    resources = {
        address: replace(resource, id=f"id-{number}")
        for number, (address, resource) in enumerate(wanted().resources.items())
    }
    for address, resource in (changes or {}).items():
        if resource is None:
            del resources[address]
        else:
            resources[address] = resource
    return State(resources)


def lines(plan: Plan) -> list[str]:
    return [f"{step.action} {step.kind} {step.key}".strip() for step in plan.steps]


def test_what_is_as_wanted_needs_no_step() -> None:
    """The desired state is compared with itself."""
    assert not make_plan(wanted(), applied())


def test_everything_is_made_in_the_order_in_which_aws_needs_it() -> None:
    """Integrations before routes, routes before responses, the deployment before the stage."""
    kinds = [step.kind for step in make_plan(wanted(), State()).steps]

    assert list(dict.fromkeys(kinds)) == [
        Kind.API,
        Kind.INTEGRATION,
        Kind.ROUTE,
        Kind.ROUTE_RESPONSE,
        Kind.DEPLOYMENT,
        Kind.STAGE,
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("IntegrationType", "MOCK"),
        ("CredentialsArn", "arn:aws:iam::1:role/x"),
        ("ContentHandlingStrategy", "CONVERT_TO_TEXT"),
    ],
)
def test_what_cannot_be_changed_is_made_anew(field: str, value: str) -> None:
    """The route follows to the new integration, then the old one goes; all of it is one finding."""
    current = applied().resources[INTEGRATION]
    broken = replace(current, properties={**current.properties, field: value})

    plan = make_plan(wanted(), applied({INTEGRATION: broken}))

    assert lines(plan)[:4] == [
        "create integration greet",
        "change route greet",
        f"delete integration id {current.id}",
        "deploy deployment",
    ]
    assert len(plan.findings) == 1


def test_a_change_of_the_stage_alone_deploys_nothing() -> None:
    """Stage settings are live at once."""
    stage = applied().resources[Kind.STAGE, "production"]
    throttled = replace(stage, properties={**stage.properties, "AutoDeploy": False, "StageVariables": {"a": "b"}})

    plan = make_plan(wanted(), applied({(Kind.STAGE, "production"): throttled}))

    assert lines(plan) == ["change stage production"]


def test_a_deployment_left_by_an_interrupted_run_is_used() -> None:
    """It holds what is wanted, and its description says so."""
    deployment = applied().resources[Kind.DEPLOYMENT, "current"]
    left = replace(deployment, key="id d2", id="d2")
    old = replace(deployment, properties={"Description": "WebSocket deployment old"})
    actual = replace(applied({(Kind.DEPLOYMENT, "current"): old}), strays=(left,))

    plan = make_plan(wanted(), actual)

    assert lines(plan) == ["deploy deployment", f"delete deployment id {old.id}"]
    assert plan.steps[0].current == left


def test_what_nobody_asks_for_goes_and_takes_along_what_is_inside() -> None:
    """A route's response is not deleted on its own."""
    extra = [
        Resource(kind=kind, key="extra", id=f"x-{kind}") for kind in (Kind.INTEGRATION, Kind.ROUTE, Kind.ROUTE_RESPONSE)
    ]

    plan = make_plan(wanted(), applied(dict(by_address(extra))))

    assert lines(plan)[:2] == ["delete route extra", "delete integration extra"]
    assert len(plan.findings) == 1


def test_what_somebody_else_made_stays() -> None:
    """It may be used, but it is not ours to remove."""
    foreign = Resource(kind=Kind.LOG_GROUP, key="/shared", id="arn", foreign=True)

    assert not make_plan(State(), State(by_address([foreign])))


def test_tags_of_others_are_left() -> None:
    """A cost centre beside ours is no difference."""
    api = applied().resources[Kind.API, "chat"]
    tagged = replace(api, properties={**api.properties, "Tags": {**api.properties["Tags"], "cost-centre": "7"}})

    assert not make_plan(wanted(), applied({api.address: tagged}))


def test_the_event_kind_is_a_literal_of_each_integration() -> None:
    """No body and no client can choose it."""
    for kind in EventKind:
        mapped = request_parameters(kind, SECRET, disconnect_headers=True)
        assert mapped["integration.request.header.X-Gateway-Event"] == f"'{kind}'"


def test_disconnect_headers_are_on_disconnect_only() -> None:
    """And on none, once AWS has refused them."""
    header = "integration.request.header.X-Gateway-Disconnect-Code"

    with_them = {kind: header in request_parameters(kind, SECRET, disconnect_headers=True) for kind in EventKind}
    without = header in request_parameters(EventKind.DISCONNECT, SECRET, disconnect_headers=False)

    assert with_them == {EventKind.CONNECT: False, EventKind.MESSAGE: False, EventKind.DISCONNECT: True}
    assert not without


def test_each_route_has_its_address() -> None:
    """The base with the slug of the route key."""
    routes = {route.route_key: (route.uri, route.two_way) for route in wanted_routes(GATEWAY, ROUTES)}

    assert routes == {
        "$connect": ("https://www.example.com/ws/connect", False),
        "$disconnect": ("https://www.example.com/ws/disconnect", False),
        "$default": ("https://www.example.com/ws/default", True),
        "greet": ("https://www.example.com/ws/greet", True),
        "log": ("https://www.example.com/ws/log", False),
    }


def test_of_two_integrations_with_one_description_the_one_in_use_is_kept() -> None:
    """The other was made by a run that died before its route followed."""
    found = [{"IntegrationId": name, "Description": "WebSocket route greet"} for name in ("a", "b")]

    kept, strays = assign_integrations(found, [{"RouteKey": "greet", "Target": "integrations/b"}])

    assert [(resource.key, resource.id) for resource in kept] == [("greet", "b")]
    assert [resource.id for resource in strays] == ["a"]
