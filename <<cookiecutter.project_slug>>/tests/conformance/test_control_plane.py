"""The control plane, by unmodified boto3. The numbers are rows of the fidelity table."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.target import Api, Target


@pytest.fixture
def control(target: Target) -> Any:
    return target.control


@pytest.fixture
def api_id(target: Target) -> Iterator[str]:
    """An API of the test's own, with nothing in it."""
    api_id = target.api()
    yield api_id
    target.delete(api_id)


def route(target: Target, api_id: str, key: str = "$default") -> str:
    """The id of a new route, with an integration of its own."""
    made = target.control.create_route(ApiId=api_id, RouteKey=key, Target=target.integration(api_id, "default"))
    route_id: str = made["RouteId"]
    return route_id


def test_names_are_not_unique(control: Any, target: Target, api_id: str) -> None:
    """Row 122."""
    other = target.api()
    target.delete(other)

    assert other != api_id


def test_route_keys_are_unique(control: Any, target: Target, api_id: str) -> None:
    """Row 123."""
    route(target, api_id, "chat")

    with pytest.raises(control.exceptions.ConflictException):
        route(target, api_id, "chat")


@pytest.mark.parametrize("key", ["$other", "$Default"])
def test_dollar_is_reserved(control: Any, target: Target, api_id: str, key: str) -> None:
    """Row 124."""
    with pytest.raises(control.exceptions.BadRequestException):
        route(target, api_id, key)


def test_referenced_integration(control: Any, target: Target, api_id: str) -> None:
    """Row 126."""
    target_of_route = target.integration(api_id, "default")
    control.create_route(ApiId=api_id, RouteKey="$default", Target=target_of_route)

    with pytest.raises(control.exceptions.ConflictException, match="referenced by"):
        control.delete_integration(ApiId=api_id, IntegrationId=target_of_route.partition("/")[2])


def test_deployment_needs_a_route(control: Any, api_id: str) -> None:
    """Row 128."""
    with pytest.raises(control.exceptions.BadRequestException, match="At least one route"):
        control.create_deployment(ApiId=api_id)


def test_active_deployment(control: Any, target: Target, api_id: str) -> None:
    """Row 129."""
    route(target, api_id)
    deployment = control.create_deployment(ApiId=api_id)["DeploymentId"]
    control.create_stage(ApiId=api_id, StageName="live", DeploymentId=deployment)

    with pytest.raises(control.exceptions.BadRequestException):
        control.delete_deployment(ApiId=api_id, DeploymentId=deployment)


def test_updates_merge(control: Any, target: Target, api_id: str) -> None:
    """Row 130: what is not sent stays, and an empty value removes a mapping."""
    integration = target.integration(api_id, "default").partition("/")[2]
    key = "integration.request.header.X-Conformance-Literal"
    changed = control.update_integration(ApiId=api_id, IntegrationId=integration, RequestParameters={key: ""})

    assert key not in changed["RequestParameters"]
    assert len(changed["RequestParameters"]) > 5
    assert changed["IntegrationMethod"] == "POST"


def test_pages(control: Any, target: Target, api_id: str) -> None:
    """Row 131: pages of the size asked for, and each item once."""
    keys = [f"key{number}" for number in range(5)]
    for key in keys:
        route(target, api_id, key)
    pages = list(control.get_paginator("get_routes").paginate(ApiId=api_id, PaginationConfig={"PageSize": 2}))

    assert max(len(page["Items"]) for page in pages) <= 2
    assert sorted(item["RouteKey"] for page in pages for item in page["Items"]) == keys


def test_zero_throttle(control: Any, target: Target) -> None:
    """Rows 113 and 137: route settings without throttles store 0/0, and every handshake gets 429."""
    api_id = target.api()
    route(target, api_id)
    api = target.deploy(api_id, DefaultRouteSettings={"DetailedMetricsEnabled": False})
    stage = control.get_stage(ApiId=api_id, StageName=api.stage)["DefaultRouteSettings"]

    assert (stage["ThrottlingBurstLimit"], stage["ThrottlingRateLimit"]) == (0, 0)
    target.wait_for_status(api, 429)


def test_stage_without_deployment(control: Any, target: Target) -> None:
    """Row 17."""
    api_id = target.api()
    control.create_stage(ApiId=api_id, StageName="empty")
    endpoint = control.get_api(ApiId=api_id)["ApiEndpoint"]

    target.wait_for_status(Api(api_id, endpoint, "empty"), 403)
