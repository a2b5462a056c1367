"""The figures that API Gateway writes to CloudWatch, under the same names (namespace `AWS/ApiGateway`)."""

from dataclasses import dataclass, field
from typing import Any, Final

CONNECT_COUNT: Final = "ConnectCount"
MESSAGE_COUNT: Final = "MessageCount"
INTEGRATION_ERROR: Final = "IntegrationError"
CLIENT_ERROR: Final = "ClientError"
EXECUTION_ERROR: Final = "ExecutionError"
INTEGRATION_LATENCY: Final = "IntegrationLatency"

COUNTS: Final = (CONNECT_COUNT, MESSAGE_COUNT, INTEGRATION_ERROR, CLIENT_ERROR, EXECUTION_ERROR)


@dataclass(slots=True)
class Latency:
    """A CloudWatch statistic set, in milliseconds."""

    samples: int = 0
    total: float = 0.0
    minimum: float = 0.0
    maximum: float = 0.0

    def add(self, milliseconds: float) -> None:
        self.minimum = min(self.minimum, milliseconds) if self.samples else milliseconds
        self.maximum = max(self.maximum, milliseconds)
        self.samples += 1
        self.total += milliseconds

    def as_statistics(self) -> dict[str, float]:
        """CloudWatch's own words."""
        return {"SampleCount": self.samples, "Sum": self.total, "Minimum": self.minimum, "Maximum": self.maximum}


@dataclass(slots=True)
class StageMetrics:
    """The figures of one stage."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    latency: Latency = field(default_factory=Latency)


class Metrics:
    """All figures, by the dimensions `ApiId` and `Stage`."""

    def __init__(self) -> None:
        self._stages: dict[tuple[str, str], StageMetrics] = {}

    def of(self, api_id: str, stage_name: str) -> StageMetrics:
        key = (api_id, stage_name)
        if key not in self._stages:
            self._stages[key] = StageMetrics()
        return self._stages[key]

    def count(self, api_id: str, stage_name: str, name: str) -> None:
        self.of(api_id, stage_name).counts[name] += 1

    def as_json(self) -> dict[str, Any]:
        """What `GET /_emulator/metrics` answers."""
        rows = [
            {
                "Dimensions": {"ApiId": api_id, "Stage": stage_name},
                **stage.counts,
                INTEGRATION_LATENCY: stage.latency.as_statistics(),
            }
            for (api_id, stage_name), stage in self._stages.items()
        ]
        return {"Namespace": "AWS/ApiGateway", "Metrics": rows}
