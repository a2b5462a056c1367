"""The actual state: what is on AWS for a gateway, read into the shapes of the desired one.

Own by tag: an API is ours if the database remembers its id, or if it carries all our tags. Inside it integrations are ours
by their description or because one of our routes targets them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway import wire
from gateway.models import ApiGateway
from gateway.provisioning.calls import ControlPlane
from gateway.provisioning.desired import DEPLOYMENT_MARK, INTEGRATION_MARK, TAG_GATEWAY, TAG_STAGE, owned_by, tags_of
from gateway.provisioning.state import Kind, Resource, State, by_address

DEFAULTS: Final[Mapping[Kind, Mapping[str, Any]]] = {
    Kind.API: {
        "Name": "",
        "ProtocolType": "",
        "RouteSelectionExpression": "",
        "DisableExecuteApiEndpoint": False,
        "IpAddressType": "ipv4",
        "Tags": {},
    },
    Kind.INTEGRATION: {
        "Description": "",
        "IntegrationType": "",
        "IntegrationMethod": "",
        "IntegrationUri": "",
        "PassthroughBehavior": "WHEN_NO_MATCH",
        "TimeoutInMillis": 29_000,
        "RequestParameters": {},
        "ConnectionType": "INTERNET",
        "ContentHandlingStrategy": "",
        "CredentialsArn": "",
    },
    Kind.ROUTE: {
        "AuthorizationType": "NONE",
        "ApiKeyRequired": False,
        "RouteResponseSelectionExpression": "",
    },
    Kind.ROUTE_RESPONSE: {"RouteResponseKey": ""},
    Kind.STAGE: {
        "AutoDeploy": False,
        "DefaultRouteSettings": {},
        "RouteSettings": {},
        "StageVariables": {},
        "AccessLogSettings": {},
        "Tags": {},
    },
}
"""What is compared, and what AWS means where it answers nothing."""

ROUTE_SETTINGS_DEFAULTS: Final = {
    "DetailedMetricsEnabled": False,
    "DataTraceEnabled": False,
    "LoggingLevel": "OFF",
    "ThrottlingRateLimit": 0.0,
    "ThrottlingBurstLimit": 0,
}


def known_id(gateway: ApiGateway, plane: ControlPlane) -> str:
    """The API's id as the database remembers it; ids of another control plane mean nothing here."""
    return gateway.api_id if gateway.control_plane == plane.name else ""


def read_api(gateway: ApiGateway, plane: ControlPlane) -> State:
    """The API with everything inside it. Empty if there is none."""
    found = find_apis(gateway, plane)
    if found.own is None:
        return State(notices=found.notices, problems=found.problems)
    api_id = found.own["ApiId"]
    routes = plane.pages("get_routes", ApiId=api_id)
    integrations, strays = assign_integrations(plane.pages("get_integrations", ApiId=api_id), routes)
    key_of = {integration.id: integration.key for integration in integrations}
    stages = plane.pages("get_stages", ApiId=api_id)
    deployments, old = _deployments(plane.pages("get_deployments", ApiId=api_id), _deployed(stages, gateway.stage_name))
    resources = [
        _resource(Kind.API, gateway.api_name, found.own, api_id),
        *integrations,
        *(_route(route, key_of) for route in routes),
        *_route_responses(routes, api_id, plane),
        *(_stage(stage) for stage in stages),
        *deployments,
    ]
    return State(by_address(resources), strays=(*found.empty, *strays, *old), notices=found.notices)


@dataclass(frozen=True, slots=True)
class FoundApis:
    """Ours, if there is one, and what else carries our tags: `empty` APIs were made by a call whose answer was lost."""

    own: dict[str, Any] | None
    empty: tuple[Resource, ...] = ()
    notices: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def find_apis(gateway: ApiGateway, plane: ControlPlane) -> FoundApis:
    """Our API by its remembered id, else by its tags. A foreign API of that name is a problem: a second one is a trap."""
    known = known_id(gateway, plane)
    apis = sorted(plane.pages("get_apis"), key=lambda api: (api["ApiId"] != known, api["CreatedDate"], api["ApiId"]))
    owned = [api for api in apis if api["ApiId"] == known or owned_by(gateway, api.get("Tags", {}))]
    notices = []
    if known and not any(api["ApiId"] == known for api in apis):
        notices.append(f"The API {known} that the database remembers is gone from {plane.name}.")
    if not owned:
        return FoundApis(None, notices=tuple(notices), problems=tuple(_namesakes(gateway, apis)))
    empty = []
    for api in owned[1:]:
        if _is_empty(plane, api["ApiId"]):
            empty.append(Resource(kind=Kind.API, key=f"id {api['ApiId']}", id=api["ApiId"]))
        else:
            notices.append(
                f"The API {api['ApiId']} carries the same tags and is in use: give it other tags or delete it."
            )
    return FoundApis(owned[0], tuple(empty), tuple(notices))


def _is_empty(plane: ControlPlane, api_id: str) -> bool:
    return not plane.pages("get_routes", ApiId=api_id) and not plane.pages("get_stages", ApiId=api_id)


def _namesakes(gateway: ApiGateway, apis: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    wanted = tags_of(gateway)
    for api in apis:
        if api.get("Name") == gateway.api_name and not _is_another_stage(api.get("Tags", {}), wanted):
            yield (
                f"An API named {gateway.api_name!r} ({api['ApiId']}) exists and is not this project's: choose another "
                "api_name in config/gateway.json, or delete that API."
            )


def _is_another_stage(tags: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Staging beside production: one project, one name, an API for each."""
    same_gateway = tags.get(TAG_GATEWAY) == wanted[TAG_GATEWAY]
    return same_gateway and tags.get(TAG_STAGE) not in {None, wanted[TAG_STAGE]}


def assign_integrations(
    found: Sequence[Mapping[str, Any]], routes: Sequence[Mapping[str, Any]]
) -> tuple[list[Resource], list[Resource]]:
    """Which integration serves which route key, and which serve none.

    Integrations have neither name nor tag. A run that was killed leaves one with our description that no route targets: it is
    adopted. One whose description was changed by hand is known by the route that targets it.
    """
    target_of = {route.get("Target", "").removeprefix("integrations/"): route["RouteKey"] for route in routes}
    described: dict[str, list[Mapping[str, Any]]] = {}
    rest: list[Mapping[str, Any]] = []
    for integration in sorted(found, key=lambda item: str(item["IntegrationId"])):
        description = integration.get("Description", "")
        if description.startswith(INTEGRATION_MARK):
            described.setdefault(description.removeprefix(INTEGRATION_MARK), []).append(integration)
        else:
            rest.append(integration)
    assigned: dict[str, Mapping[str, Any]] = {}
    for key, candidates in described.items():
        candidates.sort(key=lambda item: target_of.get(item["IntegrationId"]) != key)
        assigned[key] = candidates[0]
        rest += candidates[1:]
    strays = []
    for integration in rest:
        key = target_of.get(integration["IntegrationId"], "")
        if key and key not in assigned:
            assigned[key] = integration
        else:
            identifier = integration["IntegrationId"]
            strays.append(Resource(kind=Kind.INTEGRATION, key=f"id {identifier}", id=identifier))
    return [_integration(key, item) for key, item in assigned.items()], strays


def _integration(key: str, answer: Mapping[str, Any]) -> Resource:
    return _resource(Kind.INTEGRATION, key, answer, answer["IntegrationId"])


def _resource(kind: Kind, key: str, answer: Mapping[str, Any], identifier: str) -> Resource:
    properties = {name: answer.get(name, default) for name, default in DEFAULTS[kind].items()}
    return Resource(kind=kind, key=key, properties=properties, id=identifier, detail=answer)


def _route(answer: Mapping[str, Any], key_of: Mapping[str, str]) -> Resource:
    identifier = answer.get("Target", "").removeprefix("integrations/")
    route = _resource(Kind.ROUTE, answer["RouteKey"], answer, answer["RouteId"])
    target = key_of.get(identifier, f"id {identifier}" if identifier else "")
    return Resource(
        kind=route.kind, key=route.key, properties={**route.properties, "Target": target}, id=route.id, detail=answer
    )


def _route_responses(routes: Sequence[Mapping[str, Any]], api_id: str, plane: ControlPlane) -> list[Resource]:
    """Nothing can reach the client of `$connect` or `$disconnect`, so AWS is not asked about them."""
    responses = []
    for route in routes:
        if route["RouteKey"] in {wire.CONNECT_ROUTE_KEY, wire.DISCONNECT_ROUTE_KEY}:
            continue
        for answer in plane.pages("get_route_responses", ApiId=api_id, RouteId=route["RouteId"]):
            detail = {**answer, "RouteId": route["RouteId"]}
            responses.append(_resource(Kind.ROUTE_RESPONSE, route["RouteKey"], detail, answer["RouteResponseId"]))
    return responses


def _stage(answer: Mapping[str, Any]) -> Resource:
    stage = _resource(Kind.STAGE, answer["StageName"], answer, answer["StageName"])
    settings = ROUTE_SETTINGS_DEFAULTS | answer.get("DefaultRouteSettings", {})
    properties = {**stage.properties, "DefaultRouteSettings": settings}
    return Resource(kind=Kind.STAGE, key=stage.key, properties=properties, id=stage.id, detail=answer)


def _deployed(stages: Sequence[Mapping[str, Any]], stage_name: str) -> str:
    """The id of the deployment that is live on our stage."""
    return next((stage.get("DeploymentId", "") for stage in stages if stage["StageName"] == stage_name), "")


def _deployments(found: Sequence[Mapping[str, Any]], live: str) -> tuple[list[Resource], list[Resource]]:
    """The live deployment, and ours that are not live: left behind, or made by a run that was killed before using it."""
    current, other = [], []
    for answer in sorted(found, key=lambda item: (item["CreatedDate"], item["DeploymentId"])):
        identifier, description = answer["DeploymentId"], answer.get("Description", "")
        properties = {"Description": description}
        if identifier == live:
            current.append(
                Resource(kind=Kind.DEPLOYMENT, key="current", properties=properties, id=identifier, detail=answer)
            )
        elif description.startswith(DEPLOYMENT_MARK):
            key = f"id {identifier}"
            other.append(Resource(kind=Kind.DEPLOYMENT, key=key, properties=properties, id=identifier, detail=answer))
    return current, other
