"""What is wrong with a gateway: AWS, the database, the file, the settings and Terraform, each with what mends it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host
from django.urls import Resolver404, resolve

from gateway import wire
from gateway.conf import conf
from gateway.models import ApiGateway
from gateway.provisioning import terraform
from gateway.provisioning.apply import Say, apply, plan_for
from gateway.provisioning.calls import ControlPlane
from gateway.provisioning.desired import SECRET_PARAMETER
from gateway.provisioning.logs import log_role_is_missing
from gateway.provisioning.plan import Action, Plan, Step
from gateway.provisioning.records import stale_fields
from gateway.provisioning.registration import differences_from_file
from gateway.provisioning.state import Kind

PROVISION: Final = "manage.py provision_gateway"
REGISTER: Final = "manage.py register_gateway --force"
SHORTEST_SECRET: Final = 32


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, and the command or the edit that mends it."""

    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what}\n    mend: {self.remedy}"


def diagnose(gateway: ApiGateway, plane: ControlPlane) -> list[Finding]:
    """Everything that is wrong. Raises `ProvisioningError` if AWS cannot be asked."""
    plan = plan_for(gateway, plane)
    return [
        *_on_aws(gateway, plan),
        *_in_database(gateway, plane, plan),
        *_in_file(gateway),
        *_in_settings(gateway),
        *_around(gateway, plane),
        *_in_terraform(gateway, plane),
    ]


def mend(gateway: ApiGateway, plane: ControlPlane, say: Say) -> None:
    """What commands can mend: AWS, the ids in the database, and Terraform's variables."""
    apply(gateway, plane, say)
    if terraform.is_stale(gateway, plane):
        terraform.write_variables(gateway, plane)
        say(f"{terraform.variables_file().name} is written anew.")


def _on_aws(gateway: ApiGateway, plan: Plan) -> Iterator[Finding]:
    turned = [step for step in plan.findings if _only_secret(step)]
    if len(turned) > 1:
        yield Finding(_secret_sentence(turned[0]), PROVISION)
    for step in plan.findings:
        if len(turned) > 1 and step in turned:
            continue
        yield Finding(f"On {gateway.api_name}: {step}", PROVISION)


def _only_secret(step: Step) -> bool:
    names = [difference.name for difference in step.differences]
    return step.kind is Kind.INTEGRATION and [name.endswith(SECRET_PARAMETER) for name in names] == [True]


def _secret_sentence(step: Step) -> str:
    sent = str(step.differences[0].current or "").strip("'")
    if sent in conf().SECRETS:
        return "API Gateway sends a shared secret that is accepted, but is not the first of WEBSOCKET_SECRETS."
    return "API Gateway sends a shared secret that WEBSOCKET_SECRETS does not hold: every event is refused."


def _in_database(gateway: ApiGateway, plane: ControlPlane, plan: Plan) -> Iterator[Finding]:
    """Ids that follow from the plan's own findings are no findings of their own."""
    if any(step.action is not Action.CHANGE for step in plan.steps):
        return
    for name in stale_fields(gateway, plane, plan.actual):
        yield Finding(f"The record's {name} is not what {plane.name} answers.", PROVISION)


def _in_file(gateway: ApiGateway) -> Iterator[Finding]:
    for difference in differences_from_file(gateway):
        yield Finding(f"{conf().GATEWAY_FILE.name}: {difference}", REGISTER)


def _in_settings(gateway: ApiGateway) -> Iterator[Finding]:
    for number, secret in enumerate(conf().SECRETS, start=1):
        if len(secret) < SHORTEST_SECRET:
            yield Finding(
                f"Entry {number} of WEBSOCKET_SECRETS has fewer than {SHORTEST_SECRET} characters.",
                "rotate it: accept a longer one as well, send it, then drop this one (the page rotate-the-secret)",
            )
    target = urlsplit(gateway.target_base_endpoint)
    if not validate_host(target.hostname or "", settings.ALLOWED_HOSTS or ["localhost", "127.0.0.1"]):
        yield Finding(
            f"Django answers no requests for {target.hostname}, where API Gateway sends them.",
            "add it to DJANGO_ALLOWED_HOSTS",
        )
    try:
        resolve(target.path + wire.slug_of(wire.CONNECT_ROUTE_KEY))
    except Resolver404:
        yield Finding(f"No view is at {target.path}connect.", "put the WebSocket view into the URLconf under that path")


def _around(gateway: ApiGateway, plane: ControlPlane) -> Iterator[Finding]:
    if gateway.access_log_arn and log_role_is_missing(plane):
        yield Finding(
            f"The account has no CloudWatch Logs role for API Gateway in {plane.region}.",
            "set one under Settings in the API Gateway console",
        )


def _in_terraform(gateway: ApiGateway, plane: ControlPlane) -> Iterator[Finding]:
    if terraform.is_stale(gateway, plane):
        yield Finding(f"{terraform.variables_file().name} is not what the records ask for.", "manage.py terraform_vars")
    for name in terraform.stale_outputs(gateway):
        yield Finding(
            f"Terraform's output {name} is not what the database remembers.",
            f"manage.py register_gateway --terraform-outputs {terraform.outputs_file().relative_to(settings.BASE_DIR)}",
        )
