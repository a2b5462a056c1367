"""The smallest control plane there is: stages made by a test, so that the data plane can be tested alone."""

from dataclasses import dataclass, field

from emulator.snapshot import Integration, LiveStage, Route

API_ID = "abc123def4"
STAGE = "production"

MAPPED = {
    "integration.request.header.X-Gateway-Connection-Id": "context.connectionId",
    "integration.request.header.X-Gateway-Event": "context.eventType",
    "integration.request.header.X-Gateway-Route": "context.routeKey",
    "integration.request.header.X-Gateway-Secret": "'hush'",
}


@dataclass
class Stages:
    """Implements `emulator.snapshot.ControlPlane` with plain dictionaries."""

    stages: dict[tuple[str, str], LiveStage] = field(default_factory=dict)
    domains: dict[tuple[str, str], LiveStage] = field(default_factory=dict)

    def add(self, stage: LiveStage) -> None:
        self.stages[stage.api_id, stage.stage_name] = stage

    def live_stage(self, api_id: str, stage_name: str) -> LiveStage | None:
        return self.stages.get((api_id, stage_name))

    def stages_named(self, stage_name: str) -> list[LiveStage]:
        return [stage for stage in self.stages.values() if stage.stage_name == stage_name]

    def mapped_stage(self, domain_name: str, mapping_key: str) -> LiveStage | None:
        return self.domains.get((domain_name, mapping_key))


def route(
    route_key: str,
    base: str,
    *,
    two_way: bool = False,
    timeout_ms: int = 29_000,
    parameters: dict[str, str] | None = None,
    method: str = "POST",
) -> Route:
    """A route whose integration is at `base` + the key without its `$`."""
    integration = Integration(
        integration_id=f"i-{route_key}",
        uri=f"{base}/{route_key.removeprefix('$')}",
        method=method,
        timeout_ms=timeout_ms,
        request_parameters=MAPPED if parameters is None else parameters,
    )
    return Route(route_id=f"r-{route_key}", route_key=route_key, integration=integration, two_way=two_way)


def stage_of(*routes: Route, api_id: str = API_ID, stage_name: str = STAGE, **settings: object) -> LiveStage:
    """A deployed stage with these routes."""
    defaults: dict[str, object] = {"route_selection_expression": "$request.body.action", "deployed": True}
    return LiveStage(
        api_id=api_id,
        api_name="chat",
        stage_name=stage_name,
        deployment_id="d1",
        routes={each.route_key: each for each in routes},
        **{**defaults, **settings},  # type: ignore[arg-type]
    )
