"""How each step inside an API is taken: one small function for each kind and action."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway import wire
from gateway.provisioning.callback import arn_of
from gateway.provisioning.calls import CallError, ControlPlane
from gateway.provisioning.exceptions import ProvisioningError
from gateway.provisioning.plan import Action, Step
from gateway.provisioning.records import Records
from gateway.provisioning.state import Kind, Resource, State

DEPLOYMENT_POLLS: Final = 60
POLL_SECONDS: Final = 1.0


class DisconnectHeadersRefused(Exception):  # noqa: N818  (a turn in the road, not a failure)
    """AWS does not map the close code and reason: the plan has to be made again without them."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a step needs: where to call, where to save, and what was found."""

    plane: ControlPlane
    records: Records
    actual: State
    say: Callable[[str], None]

    @property
    def api_id(self) -> str:
        return self.records.gateway.api_id

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        return self.plane.call("apigatewayv2", operation, **parameters)

    def inside(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """A call about something inside our API."""
        return self.call(operation, ApiId=self.api_id, **parameters)

    def tag(self, path: str, tags: Mapping[str, str]) -> None:
        self.call("tag_resource", ResourceArn=arn_of(path, self.plane.region), Tags=dict(tags))


def wanted_of(step: Step) -> Resource:
    if step.wanted is None:
        raise AssertionError(f"{step} has nothing wanted")
    return step.wanted


def current_of(step: Step) -> Resource:
    if step.current is None:
        raise AssertionError(f"{step} has nothing current")
    return step.current


def given(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Without empty values: where AWS answers nothing, it is not sent anything either."""
    return {name: value for name, value in properties.items() if value not in ("", {})}


def changed(step: Step) -> set[str]:
    """The top-level fields that differ."""
    return {difference.name.split(".", 1)[0] for difference in step.differences}


def create_api(run: Run, step: Step) -> None:
    # IpAddressType is not known in every partition; where it is, ipv4 is the default.
    properties = {name: value for name, value in wanted_of(step).properties.items() if value != "ipv4"}
    answer = run.call("create_api", **properties)
    run.records.remember(Kind.API, step.key, answer["ApiId"], answer)


def change_api(run: Run, step: Step) -> None:
    fields = changed(step)
    wanted = wanted_of(step).properties
    if "ProtocolType" in fields:
        raise ProvisioningError(
            f"The API {run.api_id} is no WebSocket API: delete it, or take its id out of the record."
        )
    if "Tags" in fields:
        run.tag(f"/apis/{run.api_id}", wanted["Tags"])
    if fields - {"Tags"}:
        run.inside("update_api", **{name: wanted[name] for name in sorted(fields - {"Tags"})})


def delete_api(run: Run, step: Step) -> None:
    run.call("delete_api", ApiId=current_of(step).id)
    if run.api_id == current_of(step).id:
        run.records.forget(Kind.API, step.key)


def create_integration(run: Run, step: Step) -> None:
    answer = _integration_call(run, step, "create_integration", given(wanted_of(step).properties))
    run.records.remember(Kind.INTEGRATION, step.key, answer["IntegrationId"])


def change_integration(run: Run, step: Step) -> None:
    wanted, current = wanted_of(step).properties, current_of(step)
    fields = {name: wanted[name] for name in sorted(changed(step))}
    if "RequestParameters" in fields:
        # The update merges maps; an empty value takes an entry away.
        gone = set(current.properties["RequestParameters"]) - set(wanted["RequestParameters"])
        fields["RequestParameters"] = dict(wanted["RequestParameters"]) | dict.fromkeys(sorted(gone), "")
    _integration_call(run, step, "update_integration", {"IntegrationId": current.id} | fields)


def _integration_call(run: Run, step: Step, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    try:
        return run.inside(operation, **parameters)
    except CallError as error:
        mapped = step.key == wire.DISCONNECT_ROUTE_KEY and run.records.gateway.disconnect_headers
        if mapped and error.code == "BadRequestException":
            raise DisconnectHeadersRefused from None
        raise


def delete_integration(run: Run, step: Step) -> None:
    run.inside("delete_integration", IntegrationId=current_of(step).id)
    if run.records.id_of(Kind.INTEGRATION, step.key) == current_of(step).id:
        run.records.forget(Kind.INTEGRATION, step.key)


def _target(run: Run, route_key: str) -> str:
    return f"integrations/{run.records.id_of(Kind.INTEGRATION, route_key)}"


def create_route(run: Run, step: Step) -> None:
    properties = given(wanted_of(step).properties) | {"Target": _target(run, step.key), "RouteKey": step.key}
    answer = run.inside("create_route", **properties)
    run.records.remember(Kind.ROUTE, step.key, answer["RouteId"])


def change_route(run: Run, step: Step) -> None:
    fields = {name: step.wanted.properties[name] for name in sorted(changed(step))} if step.wanted else {}
    if "Target" in changed(step):
        fields["Target"] = _target(run, step.key)
    run.inside("update_route", RouteId=run.records.id_of(Kind.ROUTE, step.key), **fields)


def delete_route(run: Run, step: Step) -> None:
    run.inside("delete_route", RouteId=current_of(step).id)
    run.records.forget(Kind.ROUTE, step.key)
    run.records.forget(Kind.ROUTE_RESPONSE, step.key)


def create_route_response(run: Run, step: Step) -> None:
    route_id = run.records.id_of(Kind.ROUTE, step.key)
    answer = run.inside("create_route_response", RouteId=route_id, **wanted_of(step).properties)
    run.records.remember(Kind.ROUTE_RESPONSE, step.key, answer["RouteResponseId"])


def change_route_response(run: Run, step: Step) -> None:
    current = current_of(step)
    ids = {"RouteId": current.detail["RouteId"], "RouteResponseId": current.id}
    run.inside("update_route_response", **ids, **wanted_of(step).properties)


def delete_route_response(run: Run, step: Step) -> None:
    current = current_of(step)
    run.inside("delete_route_response", RouteId=current.detail["RouteId"], RouteResponseId=current.id)
    run.records.forget(Kind.ROUTE_RESPONSE, step.key)


def deploy(run: Run, step: Step) -> None:
    """Makes a deployment, or takes one that an interrupted run left, and points the stage at it if there is one."""
    if step.current:
        identifier = step.current.id
    else:
        answer = run.inside("create_deployment", Description=wanted_of(step).properties["Description"])
        identifier = answer["DeploymentId"]
    _wait_until_deployed(run, identifier)
    stage = run.actual.get(Kind.STAGE, run.records.gateway.stage_name)
    if stage is not None:
        if stage.properties["AutoDeploy"]:
            run.inside("update_stage", StageName=stage.key, AutoDeploy=False)
        run.inside("update_stage", StageName=stage.key, DeploymentId=identifier)
    run.records.remember(Kind.DEPLOYMENT, "current", identifier)


def _wait_until_deployed(run: Run, identifier: str) -> None:
    for _ in range(DEPLOYMENT_POLLS):
        answer = run.inside("get_deployment", DeploymentId=identifier)
        status = answer.get("DeploymentStatus", "DEPLOYED")
        if status == "DEPLOYED":
            return
        if status == "FAILED":
            reason = answer.get("DeploymentStatusMessage", "no reason given")
            raise ProvisioningError(f"AWS could not deploy ({reason}): run the same command again.")
        run.plane.sleep(POLL_SECONDS)
    raise ProvisioningError(f"The deployment {identifier} is pending still: run the same command again in a minute.")


def delete_deployment(run: Run, step: Step) -> None:
    run.inside("delete_deployment", DeploymentId=current_of(step).id)


def create_stage(run: Run, step: Step) -> None:
    deployment_id = run.records.id_of(Kind.DEPLOYMENT, "current")
    properties = given(wanted_of(step).properties)
    del properties["AutoDeploy"]
    run.inside("create_stage", StageName=step.key, DeploymentId=deployment_id, **properties)
    run.records.remember(Kind.STAGE, step.key, step.key)


def change_stage(run: Run, step: Step) -> None:
    fields, wanted, current = changed(step), wanted_of(step).properties, current_of(step).properties
    if "Tags" in fields:
        run.tag(f"/apis/{run.api_id}/stages/{step.key}", wanted["Tags"])
    if "AccessLogSettings" in fields and not wanted["AccessLogSettings"]:
        run.inside("delete_access_log_settings", StageName=step.key)
        fields.discard("AccessLogSettings")
    for route_key in current["RouteSettings"] if "RouteSettings" in fields else ():
        run.inside("delete_route_settings", StageName=step.key, RouteKey=route_key)
    values = {name: wanted[name] for name in sorted(fields - {"Tags", "RouteSettings", "StageVariables"})}
    if "StageVariables" in fields:
        values["StageVariables"] = dict.fromkeys(current["StageVariables"], "")
    if values:
        run.inside("update_stage", StageName=step.key, **values)


def delete_stage(run: Run, step: Step) -> None:
    run.inside("delete_stage", StageName=step.key)
    run.records.forget(Kind.STAGE, step.key)


STEPS: Final[Mapping[tuple[Action, Kind], Callable[[Run, Step], None]]] = {
    (Action.CREATE, Kind.API): create_api,
    (Action.CHANGE, Kind.API): change_api,
    (Action.DELETE, Kind.API): delete_api,
    (Action.CREATE, Kind.INTEGRATION): create_integration,
    (Action.CHANGE, Kind.INTEGRATION): change_integration,
    (Action.DELETE, Kind.INTEGRATION): delete_integration,
    (Action.CREATE, Kind.ROUTE): create_route,
    (Action.CHANGE, Kind.ROUTE): change_route,
    (Action.DELETE, Kind.ROUTE): delete_route,
    (Action.CREATE, Kind.ROUTE_RESPONSE): create_route_response,
    (Action.CHANGE, Kind.ROUTE_RESPONSE): change_route_response,
    (Action.DELETE, Kind.ROUTE_RESPONSE): delete_route_response,
    (Action.DEPLOY, Kind.DEPLOYMENT): deploy,
    (Action.DELETE, Kind.DEPLOYMENT): delete_deployment,
    (Action.CREATE, Kind.STAGE): create_stage,
    (Action.CHANGE, Kind.STAGE): change_stage,
    (Action.DELETE, Kind.STAGE): delete_stage,
}
