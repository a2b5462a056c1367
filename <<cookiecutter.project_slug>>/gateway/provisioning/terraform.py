"""Handing the desired state to Terraform, and taking in the ids of what Terraform made."""

import json
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from gateway.models import ApiGateway
from gateway.provisioning.apply import wanted_state
from gateway.provisioning.calls import ControlPlane
from gateway.provisioning.desired import SECRET_PARAMETER, structure_fingerprint
from gateway.provisioning.exceptions import ProvisioningError
from gateway.provisioning.logs import RETENTION_DAYS, log_group_name
from gateway.provisioning.records import Records
from gateway.provisioning.state import Kind, State

OUTPUT_KINDS: Final = {
    "integration_ids": Kind.INTEGRATION,
    "route_ids": Kind.ROUTE,
    "route_response_ids": Kind.ROUTE_RESPONSE,
    "deployment_ids": Kind.DEPLOYMENT,
    "stage_ids": Kind.STAGE,
    "domain_name_ids": Kind.DOMAIN_NAME,
    "api_mapping_ids": Kind.API_MAPPING,
}
"""Outputs of the module that hold a map of ids, under the keys that the database uses."""


def directory() -> Path:
    return Path(settings.BASE_DIR) / "terraform"


def variables_file() -> Path:
    """Read by Terraform without being named: `.auto.tfvars.json`."""
    return directory() / "gateway.auto.tfvars.json"


def outputs_file() -> Path:
    """Where the docs have `terraform output -json` written to."""
    return directory() / "outputs.json"


def variables(gateway: ApiGateway, plane: ControlPlane) -> dict[str, Any]:
    """The module's variables: the desired state that `provision_gateway` would make, without the secret."""
    state = wanted_state(gateway, plane)
    stage = _only(state, Kind.STAGE)
    api = _only(state, Kind.API)
    return {
        "region": plane.region,
        "gateway": {
            "name": api["Name"],
            "route_selection_expression": api["RouteSelectionExpression"],
            "ip_address_type": api["IpAddressType"],
            "tags": api["Tags"],
            "fingerprint": structure_fingerprint(list(state.resources.values())),
            "stage": {
                "name": gateway.stage_name,
                "throttling_rate_limit": stage["DefaultRouteSettings"]["ThrottlingRateLimit"],
                "throttling_burst_limit": stage["DefaultRouteSettings"]["ThrottlingBurstLimit"],
            },
            "access_logs": _access_logs(gateway, stage),
            "routes": {resource.key: _route(state, resource.key) for resource in state.of_kind(Kind.ROUTE)},
            "domain": _domain(gateway),
        },
    }


def _only(state: State, kind: Kind) -> dict[str, Any]:
    resource = state.only(kind)
    return dict(resource.properties) if resource else {}


def _route(state: State, key: str) -> dict[str, Any]:
    """A route with its integration: in this project each has one of its own."""
    integration = state.resources[Kind.INTEGRATION, key].properties
    parameters = integration["RequestParameters"]
    return {
        "two_way": (Kind.ROUTE_RESPONSE, key) in state.resources,
        "description": integration["Description"],
        "uri": integration["IntegrationUri"],
        "method": integration["IntegrationMethod"],
        "timeout_ms": integration["TimeoutInMillis"],
        "request_parameters": {name: value for name, value in parameters.items() if name != SECRET_PARAMETER},
    }


def _access_logs(gateway: ApiGateway, stage: dict[str, Any]) -> dict[str, Any] | None:
    if not gateway.access_log_arn:
        return None
    return {
        "group_name": log_group_name(gateway.access_log_arn),
        "format": stage["AccessLogSettings"]["Format"],
        "retention_days": RETENTION_DAYS,
    }


def _domain(gateway: ApiGateway) -> dict[str, Any] | None:
    if not (gateway.custom_domain and gateway.domain_name):
        return None
    return {
        "name": gateway.domain_name,
        "mapping_key": gateway.api_mapping_key,
        "certificate_arn": gateway.certificate_arn,
        "hosted_zone_id": gateway.hosted_zone_id,
    }


def rendered(gateway: ApiGateway, plane: ControlPlane) -> str:
    return json.dumps(variables(gateway, plane), indent=2) + "\n"


def write_variables(gateway: ApiGateway, plane: ControlPlane) -> Path:
    """Writes the variables file. Raises `ProvisioningError` if this project has no Terraform module."""
    if not directory().is_dir():
        raise ProvisioningError(
            "This project has no terraform/ folder: generate it with use_terraform, or copy the folder from the template."
        )
    variables_file().write_text(rendered(gateway, plane), encoding="utf-8")
    return variables_file()


def is_stale(gateway: ApiGateway, plane: ControlPlane) -> bool:
    """Whether there is a variables file that says something else than the records."""
    file = variables_file()
    return file.exists() and file.read_text(encoding="utf-8") != rendered(gateway, plane)


def take_outputs(gateway: ApiGateway, plane: ControlPlane, path: Path) -> None:
    """Saves the ids that `terraform output -json` wrote into a file. Raises `ProvisioningError`."""
    outputs = read_outputs(path)
    ids = {str(kind): outputs[name] for name, kind in OUTPUT_KINDS.items() if outputs.get(name)}
    api = {"ApiId": outputs["api_id"], "ApiEndpoint": outputs["api_endpoint"]}
    ids[str(Kind.API)] = {gateway.api_name: outputs["api_id"]}
    Records(gateway, plane).store(ids, api)


def stale_outputs(gateway: ApiGateway) -> list[str]:
    """The outputs in Terraform's file that the database knows otherwise. None, if there is no file."""
    if not outputs_file().exists():
        return []
    outputs = read_outputs(outputs_file())
    stale = [name for name in ("api_id", "api_endpoint") if outputs[name] != getattr(gateway, name)]
    for name, kind in OUTPUT_KINDS.items():
        if outputs.get(name) and outputs[name] != gateway.aws_ids.get(kind):
            stale.append(name)
    return stale


def read_outputs(path: Path) -> dict[str, Any]:
    """Name -> value, from Terraform's `{"name": {"value": ...}}`. Raises `ProvisioningError`."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        outputs = {name: output["value"] for name, output in content.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        raise ProvisioningError(
            f"{path} does not hold Terraform's outputs: write it with `terraform output -json > {path.name}`."
        ) from None
    for name in ("api_id", "api_endpoint"):
        if not isinstance(outputs.get(name), str) or not outputs[name]:
            raise ProvisioningError(f"{path} has no output {name}: run `terraform apply`, then write it again.")
    return outputs
