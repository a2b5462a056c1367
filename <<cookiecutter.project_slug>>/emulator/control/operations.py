"""Every call that is emulated. What AWS has and this table has not is refused as not emulated."""

from collections.abc import Mapping
from typing import Final

from emulator.control import (
    api_mappings,
    apis,
    deployments,
    domains,
    integrations,
    route_responses,
    routes,
    stages,
    tags,
)
from emulator.control.call import Operation

OPERATIONS: Final[Mapping[str, Operation]] = {
    "CreateApi": apis.create,
    "GetApi": apis.get,
    "GetApis": apis.get_all,
    "UpdateApi": apis.update,
    "DeleteApi": apis.delete,
    "CreateIntegration": integrations.create,
    "GetIntegration": integrations.get,
    "GetIntegrations": integrations.get_all,
    "UpdateIntegration": integrations.update,
    "DeleteIntegration": integrations.delete,
    "CreateIntegrationResponse": integrations.create_response,
    "GetIntegrationResponse": integrations.get_response,
    "GetIntegrationResponses": integrations.get_responses,
    "UpdateIntegrationResponse": integrations.get_response,
    "DeleteIntegrationResponse": integrations.get_response,
    "CreateRoute": routes.create,
    "GetRoute": routes.get,
    "GetRoutes": routes.get_all,
    "UpdateRoute": routes.update,
    "DeleteRoute": routes.delete,
    "DeleteRouteRequestParameter": routes.delete_request_parameter,
    "CreateRouteResponse": route_responses.create,
    "GetRouteResponse": route_responses.get,
    "GetRouteResponses": route_responses.get_all,
    "UpdateRouteResponse": route_responses.update,
    "DeleteRouteResponse": route_responses.delete,
    "CreateDeployment": deployments.create,
    "GetDeployment": deployments.get,
    "GetDeployments": deployments.get_all,
    "UpdateDeployment": deployments.update,
    "DeleteDeployment": deployments.delete,
    "CreateStage": stages.create,
    "GetStage": stages.get,
    "GetStages": stages.get_all,
    "UpdateStage": stages.update,
    "DeleteStage": stages.delete,
    "DeleteAccessLogSettings": stages.delete_access_log_settings,
    "DeleteRouteSettings": stages.delete_route_settings,
    "CreateDomainName": domains.create,
    "GetDomainName": domains.get,
    "GetDomainNames": domains.get_all,
    "UpdateDomainName": domains.update,
    "DeleteDomainName": domains.delete,
    "CreateApiMapping": api_mappings.create,
    "GetApiMapping": api_mappings.get,
    "GetApiMappings": api_mappings.get_all,
    "UpdateApiMapping": api_mappings.update,
    "DeleteApiMapping": api_mappings.delete,
    "GetTags": tags.get,
    "TagResource": tags.tag,
    "UntagResource": tags.untag,
}

DEPLOYABLE: Final = frozenset(
    f"{verb}{noun}" for verb in ("Create", "Update", "Delete") for noun in ("Integration", "Route", "RouteResponse")
) | {"UpdateApi", "CreateStage", "UpdateStage", "DeleteRouteRequestParameter"}
"""Calls after which a stage with AutoDeploy deploys."""
