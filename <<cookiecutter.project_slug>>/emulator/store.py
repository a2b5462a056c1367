"""The control plane's memory: kept in a file, served to the data plane as frozen values."""

import json
import logging
import os
import tempfile
from pathlib import Path
from typing import Any

from emulator.snapshot import Integration, LiveStage, Route, Throttle
from emulator.state import Api, Record, State, StateError

logger = logging.getLogger(__name__)


class Store:
    """The emulator's control-plane state. Implements `emulator.snapshot.ControlPlane`.

    With a path, every change is written there at once: the file replaces its predecessor in one step, and only its owner may
    read it, since request parameters hold the shared secret. Without a path nothing is kept.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.state = _load(path) if path else State()
        self._live: dict[tuple[str, str], LiveStage] = {}

    def changed(self) -> None:
        """Saves the state after a change and forgets the frozen values made from the earlier one.

        Raises:
            OSError: the file cannot be written.
        """
        self._live.clear()
        if self.path:
            _save(self.path, self.state)

    def live_stage(self, api_id: str, stage_name: str) -> LiveStage | None:
        """The stage of that API, or None."""
        key = (api_id, stage_name)
        if key not in self._live:
            api = self.state.apis.get(api_id)
            stage = api.stages.get(stage_name) if api else None
            if api is None or stage is None:
                return None
            self._live[key] = frozen_stage(api, stage)
        return self._live[key]

    def stages_named(self, stage_name: str) -> list[LiveStage]:
        """Every stage of that name: `/{stage}` addresses it while it is the only one."""
        stages = (self.live_stage(api_id, stage_name) for api_id in self.state.apis)
        return [stage for stage in stages if stage is not None]

    def mapped_stage(self, domain_name: str, mapping_key: str) -> LiveStage | None:
        """The stage behind a custom domain and api mapping key ("" for none). A wildcard domain serves its subdomains."""
        if not self.state.domains:
            return None
        wildcard = "*." + domain_name.partition(".")[2]
        domain = self.state.domains.get(domain_name) or self.state.domains.get(wildcard)
        for mapping in domain.mappings.values() if domain else ():
            if mapping.get("ApiMappingKey", "") == mapping_key:
                return self.live_stage(mapping["ApiId"], mapping["Stage"])
        return None


def frozen_stage(api: Api, stage: Record) -> LiveStage:
    """What the data plane sees of a stage: routes as they were deployed, stage settings as they are now (as on AWS)."""
    deployment_id = stage.get("DeploymentId", "")
    snapshot: Record = api.snapshots.get(deployment_id, {})
    undeployed: str = api.record["RouteSelectionExpression"]
    settings = stage.get("RouteSettings", {})
    routes = [_frozen_route(route) for route in snapshot.get("Routes", ())]
    return LiveStage(
        api_id=api.record["ApiId"],
        api_name=api.record["Name"],
        stage_name=stage["StageName"],
        route_selection_expression=snapshot.get("RouteSelectionExpression", undeployed),
        deployed=bool(snapshot),
        deployment_id=deployment_id,
        routes={route.route_key: route for route in routes},
        stage_variables=dict(stage.get("StageVariables", {})),
        default_throttle=_throttle(stage.get("DefaultRouteSettings", {})),
        route_throttles={key: _throttle(value) for key, value in settings.items()},
        execute_api_disabled=snapshot.get("DisableExecuteApiEndpoint", False),
        access_log_format=stage.get("AccessLogSettings", {}).get("Format", ""),
    )


def _frozen_route(route: Record) -> Route:
    integration = route["Integration"]
    return Route(
        route_id=route["RouteId"],
        route_key=route["RouteKey"],
        two_way=route["TwoWay"],
        request_parameters=dict(route["RequestParameters"]),
        integration=integration
        and Integration(
            integration_id=integration["IntegrationId"],
            uri=integration["IntegrationUri"],
            method=integration["IntegrationMethod"],
            request_parameters=dict(integration.get("RequestParameters", {})),
            timeout_ms=integration["TimeoutInMillis"],
        ),
    )


def _throttle(settings: Record) -> Throttle:
    """Settings without numbers leave the account's limits in force; numbers count even when they are 0."""
    account = Throttle()
    return Throttle(
        rate=settings.get("ThrottlingRateLimit", account.rate),
        burst=settings.get("ThrottlingBurstLimit", account.burst),
    )


def _load(path: Path) -> State:
    """The saved state, or an empty one. A file that cannot be understood is put aside, and one line says so."""
    try:
        saved: Any = json.loads(path.read_text())
        return State.from_json(saved)
    except FileNotFoundError:
        return State()
    except (ValueError, RecursionError, StateError) as error:
        aside = path.with_name(path.name + ".corrupt")
        path.replace(aside)
        logger.warning(
            "The emulator's state in %s cannot be read (%s). Starting empty; the file is kept as %s.",
            path,
            error,
            aside.name,
        )
        return State()


def _save(path: Path, state: State) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp makes the file with mode 600.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(json.dumps(state.to_json()))
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
