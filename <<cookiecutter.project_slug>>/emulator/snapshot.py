"""What the data plane needs of the control plane: one stage as it was deployed, frozen.

A deployment is a snapshot on AWS: a route changed later is not live until the next deployment. The control plane makes these
values; the data plane only reads them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from emulator.parameters import Rule, rules_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Integration:
    """An HTTP_PROXY integration."""

    integration_id: str
    uri: str
    method: str = "POST"
    request_parameters: Mapping[str, str] = field(default_factory=dict)
    timeout_ms: int = 29_000
    rules: tuple[Rule, ...] = field(init=False, repr=False, compare=False)
    """The request parameters, as the data plane reads them."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules", rules_of(self.request_parameters))


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """A deployed route. Two-way means both a response selection expression and a `$default` route response."""

    route_id: str
    route_key: str
    integration: Integration | None
    two_way: bool = False
    request_parameters: Mapping[str, bool] = field(default_factory=dict)
    """Declared `route.request.header.NAME` and `...querystring.NAME`, and whether each is required."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Throttle:
    """Requests a second, and the bucket's size."""

    rate: float = 10_000.0
    burst: int = 5_000


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveStage:
    """A stage and the deployment it points at. `deployed` is false while it points at none: every handshake then gets 403."""

    api_id: str
    api_name: str
    stage_name: str
    route_selection_expression: str
    deployed: bool
    deployment_id: str
    routes: Mapping[str, Route]
    stage_variables: Mapping[str, str] = field(default_factory=dict)
    default_throttle: Throttle = field(default_factory=Throttle)
    route_throttles: Mapping[str, Throttle] = field(default_factory=dict)
    execute_api_disabled: bool = False
    access_log_format: str = ""


class ControlPlane(Protocol):
    """How the data plane asks. Answers reflect the last deployment, at once."""

    def live_stage(self, api_id: str, stage_name: str) -> LiveStage | None:
        """The stage of that API, or None."""

    def stages_named(self, stage_name: str) -> list[LiveStage]:
        """Every stage of that name: `/{stage}` addresses it while it is the only one."""

    def mapped_stage(self, domain_name: str, mapping_key: str) -> LiveStage | None:
        """The stage behind a custom domain and api mapping key ("" for none)."""
