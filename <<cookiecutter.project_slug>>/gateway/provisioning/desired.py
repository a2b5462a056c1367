"""The desired state: what should be on AWS, as a pure function of the records and the settings."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from gateway import wire
from gateway.limits import MAX_INTEGRATION_TIMEOUT_MS
from gateway.models import ApiGateway, ApiGatewayAdditionalRoute
from gateway.provisioning.state import Kind, Resource, State, by_address
from gateway.wire import EventKind

TAG_GATEWAY: Final = "websocket-gateway"
TAG_STAGE: Final = "websocket-stage"
TAG_SITE: Final = "websocket-site"
INTEGRATION_MARK: Final = "WebSocket route "
DEPLOYMENT_MARK: Final = "WebSocket deployment "

HEADER: Final = "integration.request.header."
SECRET_PARAMETER: Final = HEADER + wire.SECRET

ON_EVERY_EVENT: Final = {
    wire.CONNECTION_ID: "context.connectionId",
    wire.ROUTE: "context.routeKey",
    wire.API_ID: "context.apiId",
    wire.SOURCE_IP: "context.identity.sourceIp",
    wire.STAGE: "context.stage",
    wire.DOMAIN: "context.domainName",
    wire.USER_AGENT: "context.identity.userAgent",
    wire.CONNECTED_AT: "context.connectedAt",
    wire.MESSAGE_ID: "context.messageId",
    wire.REQUEST_ID: "context.requestId",
}
ON_DISCONNECT: Final = {
    wire.DISCONNECT_CODE: "context.disconnectStatusCode",
    wire.DISCONNECT_REASON: "context.disconnectReason",
}
KIND_OF_ROUTE: Final = {
    wire.CONNECT_ROUTE_KEY: EventKind.CONNECT,
    wire.DISCONNECT_ROUTE_KEY: EventKind.DISCONNECT,
}

ACCESS_LOG_FORMAT: Final = json.dumps(
    {
        "requestId": "$context.requestId",
        "time": "$context.requestTime",
        "event": "$context.eventType",
        "route": "$context.routeKey",
        "status": "$context.status",
        "connectionId": "$context.connectionId",
        "ip": "$context.identity.sourceIp",
        "integrationStatus": "$context.integration.status",
        "integrationLatency": "$context.integrationLatency",
        "error": "$context.error.message",
        "integrationError": "$context.integration.error",
    },
    separators=(",", ":"),
)
"""One line of JSON, below the 1,024 characters of the service model; no query string, since a token may be in it."""


@dataclass(frozen=True, slots=True)
class WantedRoute:
    """A route and where its events go. Two-way: the view's answer reaches the sender."""

    route_key: str
    uri: str
    two_way: bool


def wanted_routes(gateway: ApiGateway, additional: Sequence[ApiGatewayAdditionalRoute]) -> list[WantedRoute]:
    """The three built-in routes and the additional ones, in a stable order."""
    base = gateway.target_base_endpoint
    built_in = [
        WantedRoute(key, base + wire.slug_of(key), two_way=key == wire.DEFAULT_ROUTE_KEY)
        for key in wire.BUILT_IN_ROUTE_KEYS
    ]
    return built_in + [
        WantedRoute(route.route_key, route.endpoint or base + wire.slug_of(route.route_key), two_way=route.reply)
        for route in sorted(additional, key=lambda route: route.route_key)
    ]


def desired_state(
    gateway: ApiGateway,
    additional: Sequence[ApiGatewayAdditionalRoute],
    *,
    secret: str,
    around: Sequence[Resource] = (),
) -> State:
    """Everything that should exist for this gateway; `around` is what is not part of the API: domain and logs.

    Refuses nothing: see `refusals`.
    """
    routes = wanted_routes(gateway, additional)
    content = [_api(gateway)]
    content += [_integration(route, secret, disconnect_headers=gateway.disconnect_headers) for route in routes]
    content += [_route(route) for route in routes]
    content += [_route_response(route) for route in routes if route.two_way]
    resources = [*content, _deployment(content, secret), _stage(gateway)]
    return State(by_address([*resources, *around]))


def owned_by(gateway: ApiGateway, tags: Mapping[str, str]) -> bool:
    """Whether something carries all our tags; others may stand beside them."""
    return tags_of(gateway).items() <= tags.items()


def tags_of(gateway: ApiGateway) -> dict[str, str]:
    """What makes an API ours: names are not unique on AWS, and one account may hold staging and production."""
    return {
        TAG_GATEWAY: _tag_value(gateway.api_name),
        TAG_STAGE: gateway.stage_name,
        TAG_SITE: _tag_value(urlsplit(gateway.target_base_endpoint).hostname or ""),
    }


def _tag_value(text: str) -> str:
    """AWS allows letters, digits, spaces and `+ - = . _ : / @` in tag values."""
    return re.sub(r"[^\w\s+\-=.:/@]", "_", text)[:256]


def _api(gateway: ApiGateway) -> Resource:
    return Resource(
        kind=Kind.API,
        key=gateway.api_name,
        properties={
            "Name": gateway.api_name,
            "ProtocolType": "WEBSOCKET",
            "RouteSelectionExpression": gateway.route_selection_expression,
            "DisableExecuteApiEndpoint": False,
            "IpAddressType": "dualstack" if gateway.dual_stack else "ipv4",
            "Tags": tags_of(gateway),
        },
    )


def _integration(route: WantedRoute, secret: str, *, disconnect_headers: bool) -> Resource:
    kind = KIND_OF_ROUTE.get(route.route_key, EventKind.MESSAGE)
    return Resource(
        kind=Kind.INTEGRATION,
        key=route.route_key,
        properties={
            "Description": INTEGRATION_MARK + route.route_key,
            "IntegrationType": "HTTP_PROXY",
            "IntegrationMethod": "POST",
            "IntegrationUri": route.uri,
            "ConnectionType": "INTERNET",
            "ContentHandlingStrategy": "",
            "CredentialsArn": "",
            "PassthroughBehavior": "WHEN_NO_MATCH",
            "TimeoutInMillis": MAX_INTEGRATION_TIMEOUT_MS,
            "RequestParameters": request_parameters(kind, secret, disconnect_headers=disconnect_headers),
        },
    )


def request_parameters(kind: EventKind, secret: str, *, disconnect_headers: bool) -> dict[str, str]:
    """The headers that an integration maps.

    The event kind is a literal of the integration and not `context.eventType`, so that no body and no client can choose it.
    """
    headers = ON_EVERY_EVENT | {wire.EVENT: f"'{kind}'", wire.SECRET: f"'{secret}'"}
    if kind is EventKind.MESSAGE:
        headers |= {"Content-Type": "'application/json'"}
    if kind is EventKind.DISCONNECT and disconnect_headers:
        headers |= ON_DISCONNECT
    return {HEADER + name: value for name, value in headers.items()}


def _route(route: WantedRoute) -> Resource:
    return Resource(
        kind=Kind.ROUTE,
        key=route.route_key,
        properties={
            "Target": route.route_key,
            "AuthorizationType": "NONE",
            "ApiKeyRequired": False,
            "RouteResponseSelectionExpression": "$default" if route.two_way else "",
        },
    )


def _route_response(route: WantedRoute) -> Resource:
    return Resource(
        kind=Kind.ROUTE_RESPONSE, key=route.route_key, properties={"RouteResponseKey": wire.DEFAULT_ROUTE_KEY}
    )


def structure_fingerprint(content: Sequence[Resource]) -> str:
    """What a deployment freezes, without the secret: Terraform gets this figure and adds the secret itself."""
    frozen: list[Any] = []
    for resource in content:
        if resource.kind not in {Kind.API, Kind.INTEGRATION, Kind.ROUTE, Kind.ROUTE_RESPONSE}:
            continue
        properties = dict(resource.properties)
        if resource.kind is Kind.API:
            properties = {name: properties[name] for name in ("RouteSelectionExpression", "DisableExecuteApiEndpoint")}
        if resource.kind is Kind.INTEGRATION:
            parameters = properties["RequestParameters"]
            properties["RequestParameters"] = {
                name: parameters[name] for name in parameters if name != SECRET_PARAMETER
            }
        key = "" if resource.kind is Kind.API else resource.key
        frozen.append([resource.kind, key, properties])
    return hashlib.sha256(json.dumps(frozen, sort_keys=True).encode()).hexdigest()


def _deployment(content: Sequence[Resource], secret: str) -> Resource:
    """A deployment is a snapshot that cannot be read back, so its description says what it holds."""
    fingerprint = hashlib.sha256(f"{structure_fingerprint(content)}:{secret}".encode()).hexdigest()[:16]
    return Resource(kind=Kind.DEPLOYMENT, key="current", properties={"Description": DEPLOYMENT_MARK + fingerprint})


def _stage(gateway: ApiGateway) -> Resource:
    # AWS drops the `:*` with which CloudWatch shows the ARN of a log group.
    log_group = gateway.access_log_arn.removesuffix(":*")
    logs = {"DestinationArn": log_group, "Format": ACCESS_LOG_FORMAT} if log_group else {}
    return Resource(
        kind=Kind.STAGE,
        key=gateway.stage_name,
        properties={
            "AutoDeploy": False,
            # AWS stores 0 for a throttle number that is absent, and then every handshake gets 429.
            "DefaultRouteSettings": {
                "ThrottlingRateLimit": float(gateway.throttling_rate_limit),
                "ThrottlingBurstLimit": gateway.throttling_burst_limit,
                "DetailedMetricsEnabled": False,
                # Data tracing would write the mapped secret into the logs.
                "DataTraceEnabled": False,
                "LoggingLevel": "OFF",
            },
            "RouteSettings": {},
            "StageVariables": {},
            "AccessLogSettings": logs,
            "Tags": tags_of(gateway),
        },
    )
