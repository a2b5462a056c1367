"""A plan: the steps from the actual state to the desired one, each with its reason."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from gateway.provisioning.desired import SECRET_PARAMETER
from gateway.provisioning.state import Address, Kind, Resource, State

HIDDEN: Final = "(hidden)"


class Action(StrEnum):
    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"
    DEPLOY = "deploy"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that is not as wanted."""

    name: str
    current: Any
    wanted: Any

    def shown(self) -> tuple[Any, Any]:
        """Both values, fit for a screen: the shared secret is never shown."""
        if self.name.endswith(SECRET_PARAMETER):
            return HIDDEN if self.current else None, HIDDEN
        return self.current, self.wanted


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One thing to do. `cause` is the step that makes this one necessary, if it is not a finding of its own."""

    action: Action
    kind: Kind
    key: str
    reason: str
    differences: tuple[Difference, ...] = ()
    wanted: Resource | None = None
    current: Resource | None = None
    cause: Address | None = None

    @property
    def address(self) -> Address:
        return self.kind, self.key

    def __str__(self) -> str:
        return f"{self.action:<7} {self.kind} {self.key}".rstrip() + f" ({self.reason})"

    def as_json(self) -> dict[str, Any]:
        fields = []
        for difference in self.differences:
            current, wanted = difference.shown()
            fields.append({"field": difference.name, "current": current, "wanted": wanted})
        return {
            "action": str(self.action),
            "kind": str(self.kind),
            "key": self.key,
            "reason": self.reason,
            "fields": fields,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in the order in which they are taken. Empty: AWS is as wanted."""

    steps: tuple[Step, ...] = ()
    notices: tuple[str, ...] = ()
    actual: State = field(default_factory=State)

    def __bool__(self) -> bool:
        return bool(self.steps)

    @property
    def findings(self) -> list[Step]:
        """The steps that are not mere consequences of others."""
        return [step for step in self.steps if step.cause is None]

    def lines(self) -> list[str]:
        if not self.steps:
            return ["Nothing to do: AWS is as wanted."]
        lines = []
        for step in self.steps:
            lines.append(str(step))
            for difference in step.differences if step.action is Action.CHANGE else ():
                current, wanted = difference.shown()
                lines.append(f"          {difference.name}: {current!r} -> {wanted!r}")
        return lines

    def as_json(self) -> dict[str, Any]:
        return {"steps": [step.as_json() for step in self.steps], "notices": list(self.notices)}
