"""An API provisioned the way everybody does it: by boto3."""

from typing import Any

import boto3

from tests.emulator.backend import Backend

EVENT_HEADER = {"integration.request.header.X-Gateway-Connection-Id": "context.connectionId"}


def control_client(url: str) -> Any:
    """boto3 for the control plane at that address."""
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": "eu-central-1"}
    return boto3.client("apigatewayv2", endpoint_url=url, **keys)


def provision(control: Any, backend: Backend) -> dict[str, Any]:
    """An API with `$connect` and a two-way `$default`, deployed to the stage `production`."""
    api: dict[str, Any] = control.create_api(
        Name="chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action"
    )
    for key, name in (("$connect", "connect"), ("$default", "default")):
        integration = control.create_integration(
            ApiId=api["ApiId"],
            IntegrationType="HTTP_PROXY",
            IntegrationMethod="POST",
            IntegrationUri=f"{backend.url}/{name}",
            RequestParameters=EVENT_HEADER,
        )
        target = f"integrations/{integration['IntegrationId']}"
        two_way = {"RouteResponseSelectionExpression": "$default"} if key == "$default" else {}
        route = control.create_route(ApiId=api["ApiId"], RouteKey=key, Target=target, **two_way)
        if two_way:
            control.create_route_response(ApiId=api["ApiId"], RouteId=route["RouteId"], RouteResponseKey="$default")
    deployment = control.create_deployment(ApiId=api["ApiId"])
    control.create_stage(ApiId=api["ApiId"], StageName="production", DeploymentId=deployment["DeploymentId"])
    return api
