"""Stages: a name under which a deployment is served, with throttles, variables and an access log."""

import re

from emulator.control.call import Call, api_of, found, merged, page, refuse_unsupported
from emulator.control.deployments import check_not_automatic
from emulator.control.errors import BadRequestError, ConflictError, NotFoundError
from emulator.control.tags import check_tags
from emulator.state import Api, Record, State

MAX_STAGES = 10
MAX_STAGE_VARIABLES = 100
_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
_VARIABLE_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
_VARIABLE_VALUE = re.compile(r"[A-Za-z0-9\-._~:/?#&=,]{1,512}")
_UNSUPPORTED = {"ClientCertificateId": "backends are called without client certificates"}
_LOG_IDS = ("$context.requestId", "$context.extendedRequestId")


def create(state: State, call: Call) -> Record:
    """Makes a stage.

    Raises:
        ConflictError: the API has a stage of this name.
    """
    api = api_of(state, call)
    name = call.fields["StageName"]
    if not _NAME.fullmatch(name):
        raise BadRequestError("Stage names have letters, digits, hyphens and underscores only.")
    if name in api.stages:
        raise ConflictError("Stage already exists")
    if len(api.stages) >= MAX_STAGES:
        raise BadRequestError(f"Maximum number of Stages for this API has been reached: {MAX_STAGES}")
    check_tags(call.fields.get("Tags", {}))
    blank: Record = {
        "AutoDeploy": False,
        "DefaultRouteSettings": {"DetailedMetricsEnabled": False},
        "RouteSettings": {},
        "StageVariables": {},
        "Tags": {},
        "CreatedDate": call.now,
    }
    api.stages[name] = _changed(api, blank, call)
    return api.stages[name]


def get(state: State, call: Call) -> Record:
    """One stage."""
    return _stage_of(api_of(state, call), call)


def get_all(state: State, call: Call) -> Record:
    """A page of stages."""
    return page(api_of(state, call).stages, call)


def update(state: State, call: Call) -> Record:
    """Merges what was sent into a stage. Stage settings are live at once; pointing at another deployment makes that one live."""
    api = api_of(state, call)
    name = _stage_of(api, call)["StageName"]
    api.stages[name] = _changed(api, api.stages[name], call)
    return api.stages[name]


def delete(state: State, call: Call) -> None:
    """Removes a stage.

    Raises:
        ConflictError: a custom domain is still mapped to it.
    """
    api = api_of(state, call)
    name = _stage_of(api, call)["StageName"]
    target = (api.record["ApiId"], name)
    for domain_name, domain in state.domains.items():
        if target in [(mapping["ApiId"], mapping["Stage"]) for mapping in domain.mappings.values()]:
            raise ConflictError(
                f"Deleting stage {name} failed. Please remove all API mappings for the stage from {domain_name}."
            )
    del api.stages[name]


def delete_access_log_settings(state: State, call: Call) -> None:
    """Turns a stage's access log off."""
    _stage_of(api_of(state, call), call).pop("AccessLogSettings", None)


def delete_route_settings(state: State, call: Call) -> None:
    """Removes a stage's settings for one route."""
    stage = _stage_of(api_of(state, call), call)
    key = call.ids["RouteKey"]
    if key not in stage["RouteSettings"]:
        raise NotFoundError(f"Unable to find Route by key {key} within the provided RouteSettings")
    stage["RouteSettings"] = {name: value for name, value in stage["RouteSettings"].items() if name != key}


def _stage_of(api: Api, call: Call) -> Record:
    return found(api.stages, call.ids["StageName"], "Stage")


def _changed(api: Api, stage: Record, call: Call) -> Record:
    """The stage after the call, checked and with its throttles filled in."""
    fields = call.fields
    refuse_unsupported(fields, _UNSUPPORTED)
    record = merged(stage, fields) | {"LastUpdatedDate": call.now}
    _check_deployment(api, fields, record)
    _check_variables(record["StageVariables"])
    if "AccessLogSettings" in fields:
        _check_access_log(record["AccessLogSettings"])
    if "DefaultRouteSettings" in fields:
        record["DefaultRouteSettings"] = _settings(record["DefaultRouteSettings"])
    known = {route["RouteKey"] for route in api.routes.values()}
    for key in fields.get("RouteSettings", {}):
        if key not in known:
            raise NotFoundError(f"Unable to find Route by key {key} within the provided RouteSettings")
    record["RouteSettings"] = {key: _settings(value) for key, value in record["RouteSettings"].items()}
    return record


def _settings(settings: Record) -> Record:
    """Route settings as AWS stores them: once any is given, a throttle that is not is 0, and every connect gets 429."""
    stored = {"DetailedMetricsEnabled": False, "ThrottlingBurstLimit": 0, "ThrottlingRateLimit": 0.0} | settings
    if min(stored["ThrottlingBurstLimit"], stored["ThrottlingRateLimit"]) < 0:
        raise BadRequestError("Throttling limits cannot be negative.")
    return stored


def _check_deployment(api: Api, fields: Record, record: Record) -> None:
    if "DeploymentId" in fields:
        check_not_automatic(record)
        if record.get("DeploymentId") not in api.deployments:
            raise NotFoundError(f"Invalid Deployment identifier specified {fields['DeploymentId']}")


def _check_variables(variables: Record) -> None:
    if len(variables) > MAX_STAGE_VARIABLES:
        raise BadRequestError(f"A stage can have at most {MAX_STAGE_VARIABLES} stage variables.")
    for name, value in variables.items():
        if not _VARIABLE_NAME.fullmatch(name) or not _VARIABLE_VALUE.fullmatch(value):
            raise BadRequestError(
                f"Stage variable {name}: names have 1 to 64 letters, digits and underscores; values have 1 to 512 of "
                "letters, digits and -._~:/?#&=,"
            )


def _check_access_log(settings: Record) -> None:
    log_format = settings.get("Format", "")
    if not settings.get("DestinationArn"):
        raise BadRequestError("DestinationArn is required in AccessLogSettings.")
    if "\n" in log_format.rstrip("\n"):
        raise BadRequestError(
            "Access Log format must be single line, new line character is allowed only at end of the format"
        )
    if not any(variable in log_format for variable in _LOG_IDS):
        raise BadRequestError(f"Access Log format must contain at least one of ({'|'.join(_LOG_IDS)})")
