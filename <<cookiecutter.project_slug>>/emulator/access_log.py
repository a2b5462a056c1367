"""Access logs: a stage's format, filled with the `$context` variables of each event (AWS facts 8)."""

import logging
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from emulator.context import Context

VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_.]*[A-Za-z0-9_])")
SIZE: Final = 1_000

logger = logging.getLogger("emulator.access")


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How an event ended: what the log knows beyond its context. None where no backend was called."""

    status: int
    integration_status: int | None = None
    integration_latency_ms: float | None = None
    error: str | None = None
    integration_error: str | None = None

    def summary(self) -> str:
        """For people: the status, and the error behind it."""
        return (
            f"{self.status}"
            if self.error is None
            else f"{self.status} {self.error} ({self.integration_error or 'gateway'})"
        )

    def variables(self) -> dict[str, str | None]:
        """Under AWS's names, without `$context.`."""
        latency = None if self.integration_latency_ms is None else str(round(self.integration_latency_ms))
        status = None if self.integration_status is None else str(self.integration_status)
        return {
            "status": str(self.status),
            "integrationLatency": latency,
            "integration.latency": latency,
            "integration.status": status,
            "integration.integrationStatus": status,
            "integrationStatus": status,
            "integration.error": self.integration_error,
            "integrationErrorMessage": self.integration_error,
            "error.message": self.error,
            "error.messageString": None if self.error is None else f'"{self.error}"',
            "error.responseType": None if self.error is None else self.error.upper().replace(" ", "_"),
        }


def render(line_format: str, context: Context, outcome: Outcome) -> str:
    """One line; a variable that is not set is written `-`, and no value can break the line."""
    values: Mapping[str, str | None] = {**context, **outcome.variables()}

    def replace(match: re.Match[str]) -> str:
        value = values.get(match[1])
        return "-" if value is None else value.replace("\n", " ").replace("\r", " ")

    return VARIABLE.sub(replace, line_format)


class AccessLog:
    """Keeps the last lines, as CloudWatch Logs would, and hands them to the logger `emulator.access`."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=SIZE)

    def write(self, line_format: str, context: Context, outcome: Outcome) -> None:
        """One event; nothing where the stage has no format."""
        if line_format:
            line = render(line_format, context, outcome)
            self.lines.append(line)
            logger.info("%s", line)
