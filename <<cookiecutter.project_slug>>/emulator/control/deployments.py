"""Deployments: an API frozen, so that later changes are not live until the next one."""

import copy

from emulator.control.call import Call, api_of, found, merged, page
from emulator.control.errors import BadRequestError
from emulator.state import Api, Record, State


def create(state: State, call: Call) -> Record:
    """Freezes the API and, if a stage is named, points that stage at the result.

    The answer says PENDING, as on AWS; whoever asks again is told DEPLOYED.

    Raises:
        BadRequestError: there is no route, or the stage deploys by itself.
    """
    api = api_of(state, call)
    stage = found(api.stages, call.fields["StageName"], "Stage") if call.fields.get("StageName") else None
    if not api.routes:
        raise BadRequestError("At least one route is required before deploying the Api.")
    if stage:
        check_not_automatic(stage)
    deployment = _deploy(api, call, call.fields.get("Description", ""), automatic=False)
    if stage:
        stage.update({"DeploymentId": deployment["DeploymentId"], "LastUpdatedDate": call.now})
    return deployment | {"DeploymentStatus": "PENDING"}


def get(state: State, call: Call) -> Record:
    """One deployment."""
    return _deployment_of(api_of(state, call), call)


def get_all(state: State, call: Call) -> Record:
    """A page of deployments."""
    return page(api_of(state, call).deployments, call)


def update(state: State, call: Call) -> Record:
    """Changes a deployment's description."""
    api = api_of(state, call)
    record = merged(_deployment_of(api, call), call.fields)
    api.deployments[record["DeploymentId"]] = record
    return record


def delete(state: State, call: Call) -> None:
    """Removes a deployment.

    Raises:
        BadRequestError: a stage points at it.
    """
    api = api_of(state, call)
    deployment_id = _deployment_of(api, call)["DeploymentId"]
    if _stages_at(api, deployment_id):
        raise BadRequestError("Active stages pointing to this deployment must be moved or deleted")
    _forget(api, deployment_id)


def deploy_automatically(api: Api, call: Call) -> None:
    """After a change: moves every stale stage with AutoDeploy to a fresh deployment, which replaces the last such one."""
    wanted = snapshot_of(api)
    stages = [
        stage
        for stage in api.stages.values()
        if stage["AutoDeploy"] and api.snapshots.get(stage.get("DeploymentId", "")) != wanted
    ]
    if not stages or not api.routes:
        return
    description = "Automatic deployment triggered by changes to the Api configuration"
    deployment = _deploy(api, call, description, automatic=True)
    for stage in stages:
        former = stage.get("DeploymentId", "")
        stage["DeploymentId"] = deployment["DeploymentId"]
        if api.deployments.get(former, {}).get("AutoDeployed") and not _stages_at(api, former):
            _forget(api, former)


def check_not_automatic(stage: Record) -> None:
    """Refuses to point a stage by hand that deploys by itself.

    Raises:
        BadRequestError: it has AutoDeploy.
    """
    if stage["AutoDeploy"]:
        raise BadRequestError(
            f"Deployment ID cannot be set on stage '{stage['StageName']}' because AutoDeploy is enabled"
        )


def snapshot_of(api: Api) -> Record:
    """What a deployment made now would freeze."""
    return {
        "RouteSelectionExpression": api.record["RouteSelectionExpression"],
        "DisableExecuteApiEndpoint": api.record["DisableExecuteApiEndpoint"],
        "Routes": [_frozen(api, route) for route in api.routes.values()],
    }


def _deploy(api: Api, call: Call, description: str, *, automatic: bool) -> Record:
    deployment_id = call.new_id(6)
    record: Record = {
        "AutoDeployed": automatic,
        "CreatedDate": call.now,
        "DeploymentId": deployment_id,
        "DeploymentStatus": "DEPLOYED",
    }
    api.snapshots[deployment_id] = snapshot_of(api)
    api.deployments[deployment_id] = merged(record, {"Description": description})
    return api.deployments[deployment_id]


def _frozen(api: Api, route: Record) -> Record:
    integration = api.integrations.get(route.get("Target", "").removeprefix("integrations/"))
    responses = api.route_responses.get(route["RouteId"], {})
    parameters = route.get("RequestParameters", {})
    return {
        "RouteId": route["RouteId"],
        "RouteKey": route["RouteKey"],
        "TwoWay": bool(responses) and route.get("RouteResponseSelectionExpression") == "$default",
        "RequestParameters": {name: constraint.get("Required", False) for name, constraint in parameters.items()},
        "Integration": copy.deepcopy(integration),
    }


def _deployment_of(api: Api, call: Call) -> Record:
    return found(api.deployments, call.ids["DeploymentId"], "Deployment")


def _stages_at(api: Api, deployment_id: str) -> list[str]:
    return [name for name, stage in api.stages.items() if stage.get("DeploymentId") == deployment_id]


def _forget(api: Api, deployment_id: str) -> None:
    del api.deployments[deployment_id]
    del api.snapshots[deployment_id]
