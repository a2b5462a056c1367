"""Access logs: the log group, and the role without which API Gateway cannot write to any."""

from collections.abc import Callable, Collection, Mapping
from typing import Final

from gateway.models import ApiGateway
from gateway.provisioning.calls import ControlPlane
from gateway.provisioning.desired import owned_by, tags_of
from gateway.provisioning.exceptions import ProvisioningError
from gateway.provisioning.plan import Action, Step
from gateway.provisioning.state import Kind, Resource, State, by_address
from gateway.provisioning.steps import Run, current_of

RETENTION_DAYS: Final = 30


def log_group_name(arn: str) -> str:
    """`arn:aws:logs:eu-central-1:123456789012:log-group:NAME[:*]` -> `NAME`."""
    return arn.split(":log-group:", 1)[-1].removesuffix(":*")


def wanted_logs(gateway: ApiGateway, plane: ControlPlane) -> list[Resource]:
    """The log group of the gateway's `access_log_arn`. One that is there already is used as it is."""
    if not gateway.access_log_arn or "logs" not in plane.services:
        return []
    name = log_group_name(gateway.access_log_arn)
    return [Resource(kind=Kind.LOG_GROUP, key=name, properties={"RetentionInDays": RETENTION_DAYS})]


def read_logs(gateway: ApiGateway, plane: ControlPlane) -> State:
    """The wanted log group, and those that the database says were made here."""
    if "logs" not in plane.services:
        return State()
    known = gateway.aws_ids.get(Kind.LOG_GROUP, {}) if gateway.control_plane == plane.name else {}
    names = set(known) | {resource.key for resource in wanted_logs(gateway, plane)}
    return State(by_address(found for name in sorted(names) if (found := _log_group(gateway, plane, name, known))))


def _log_group(gateway: ApiGateway, plane: ControlPlane, name: str, known: Collection[str]) -> Resource | None:
    answer = plane.call("logs", "describe_log_groups", logGroupNamePrefix=name)
    for group in answer["logGroups"]:
        if group["logGroupName"] == name:
            arn = group["arn"].removesuffix(":*")
            tags = plane.call("logs", "list_tags_for_resource", resourceArn=arn)["tags"]
            is_ours = name in known or owned_by(gateway, tags)
            days = group.get("retentionInDays", 0) if is_ours else RETENTION_DAYS
            return Resource(
                kind=Kind.LOG_GROUP, key=name, id=arn, properties={"RetentionInDays": days}, foreign=not is_ours
            )
    return None


def log_role_is_missing(plane: ControlPlane) -> bool:
    """Whether the account lacks the role with which API Gateway may write logs (one for each region)."""
    return "apigateway" in plane.services and not plane.call("apigateway", "get_account").get("cloudwatchRoleArn")


def require_log_role(plane: ControlPlane) -> None:
    """Raises `ProvisioningError` if access logs cannot work."""
    if log_role_is_missing(plane):
        raise ProvisioningError(
            f"This account has no CloudWatch Logs role for API Gateway in {plane.region}: set one under Settings in the API "
            "Gateway console, or empty the gateway's access_log_arn."
        )


def create_log_group(run: Run, step: Step) -> None:
    run.plane.call("logs", "create_log_group", logGroupName=step.key, tags=tags_of(run.records.gateway))
    run.records.remember(Kind.LOG_GROUP, step.key, step.key)
    keep_logs(run, step)


def keep_logs(run: Run, step: Step) -> None:
    run.plane.call("logs", "put_retention_policy", logGroupName=step.key, retentionInDays=RETENTION_DAYS)


def delete_log_group(run: Run, step: Step) -> None:
    run.plane.call("logs", "delete_log_group", logGroupName=current_of(step).key)
    run.records.forget(Kind.LOG_GROUP, step.key)


LOG_STEPS: Final[Mapping[tuple[Action, Kind], Callable[[Run, Step], None]]] = {
    (Action.CREATE, Kind.LOG_GROUP): create_log_group,
    (Action.CHANGE, Kind.LOG_GROUP): keep_logs,
    (Action.DELETE, Kind.LOG_GROUP): delete_log_group,
}
