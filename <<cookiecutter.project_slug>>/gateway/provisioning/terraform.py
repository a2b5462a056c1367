"""Handing the desired state to Terraform, and taking in the ids of what Terraform made."""

import json
from pathlib import Path
from typing import Any

from gateway.models import ApiGateway
from gateway.provisioning.calls import control_plane
from gateway.provisioning.exceptions import ProvisioningError
from gateway.provisioning.records import Records
from gateway.provisioning.state import Kind


def take_outputs(gateway: ApiGateway, path: Path) -> None:
    """Saves the ids that `terraform output -json` wrote into a file."""
    outputs = read_outputs(path)
    records = Records(gateway, control_plane())
    answer = {"ApiId": outputs["api_id"], "ApiEndpoint": outputs["api_endpoint"]}
    records.remember(Kind.API, gateway.api_name, outputs["api_id"], answer)


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
