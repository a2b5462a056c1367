"""Making a plan: what differs, in which order it is put right, and which step follows from which. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from gateway.provisioning.desired import DEPLOYMENT_MARK
from gateway.provisioning.plan import Action, Difference, Plan, Step
from gateway.provisioning.state import ORDER, Address, Kind, State

SUBSETS: Final = frozenset({"Tags"})
"""Maps in which others may keep entries of their own."""

FIXED: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.INTEGRATION: frozenset({"IntegrationType", "ConnectionType", "ContentHandlingStrategy", "CredentialsArn"}),
}
"""Fields that AWS does not change in place, or does not let go of: the resource is made anew."""

FROZEN: Final = {
    Kind.API: frozenset({"RouteSelectionExpression", "DisableExecuteApiEndpoint"}),
    Kind.INTEGRATION: None,
    Kind.ROUTE: None,
    Kind.ROUTE_RESPONSE: None,
}
"""What a deployment freezes, so that a change of it is not live until the next one. None: every field."""


def differences(wanted: Mapping[str, Any], current: Mapping[str, Any], prefix: str = "") -> Iterator[Difference]:
    """Field by field, into maps. What is not wanted and not there by default is a difference too."""
    for name, value in wanted.items():
        found = current.get(name)
        if isinstance(value, Mapping) and isinstance(found, Mapping | None):
            yield from differences(value, found or {}, f"{prefix}{name}.")
            if name not in SUBSETS:
                extra = set(found or {}) - set(value)
                yield from (Difference(f"{prefix}{name}.{key}", (found or {})[key], None) for key in sorted(extra))
        elif value != found:
            yield Difference(prefix + name, found, value)


def make_plan(desired: State, actual: State) -> Plan:
    """What to do, in order: make, change and clear away what a deployment freezes; deploy; stage; domain; clear the rest."""
    steps = [*_builds(desired, actual), *_removals(desired, actual)]
    steps = _link(_with_replacements(steps))
    frozen = [step for step in steps if _is_frozen(step)]
    steps += _deployment(desired, actual, frozen, steps)
    steps.sort(key=_position)
    return Plan(tuple(steps), actual.notices, actual)


def _builds(desired: State, actual: State) -> Iterator[Step]:
    for address, wanted in desired.resources.items():
        if wanted.kind is Kind.DEPLOYMENT:
            continue
        current = actual.resources.get(address)
        if current is None:
            yield Step(action=Action.CREATE, kind=wanted.kind, key=wanted.key, reason="missing", wanted=wanted)
            continue
        found = tuple(differences(wanted.properties, current.properties))
        if found:
            fixed = {difference.name for difference in found} & FIXED.get(wanted.kind, frozenset())
            yield Step(
                action=Action.CREATE if fixed else Action.CHANGE,
                kind=wanted.kind,
                key=wanted.key,
                reason=f"{min(fixed)} cannot be changed in place" if fixed else _naming(found),
                differences=found,
                wanted=wanted,
                current=current,
            )


def _naming(found: tuple[Difference, ...]) -> str:
    names = [difference.name.rsplit(".", 1)[-1] for difference in found]
    shown = ", ".join(names[:3])
    return f"differs: {shown}" if len(names) <= 3 else f"differs: {shown} and {len(names) - 3} more"


def _removals(desired: State, actual: State) -> Iterator[Step]:
    """What is there and not asked for. Deleting an API or a route takes along what is inside it."""
    api_goes = bool(actual.of_kind(Kind.API)) and not desired.of_kind(Kind.API)
    inside_api = {Kind.INTEGRATION, Kind.ROUTE, Kind.ROUTE_RESPONSE, Kind.STAGE, Kind.DEPLOYMENT}
    for current in (*actual.resources.values(), *actual.strays):
        if current.address in desired.resources or (api_goes and current.kind in inside_api):
            continue
        if current.kind is Kind.DEPLOYMENT or current.foreign:
            continue
        goes_with_route = current.kind is Kind.ROUTE_RESPONSE and (Kind.ROUTE, current.key) not in desired.resources
        if not goes_with_route:
            yield Step(
                action=Action.DELETE, kind=current.kind, key=current.key, reason="nobody asks for it", current=current
            )


def _with_replacements(steps: list[Step]) -> list[Step]:
    """An integration made anew: its route has to follow it, and the old one has to go."""
    touched = {step.address for step in steps}
    added = []
    for step in steps:
        if not (step.kind is Kind.INTEGRATION and step.action is Action.CREATE and step.current):
            continue
        old = replace(step.current, key=f"id {step.current.id}")
        common: dict[str, Any] = {"reason": "replaced", "cause": step.address}
        added.append(Step(action=Action.DELETE, kind=old.kind, key=old.key, current=old, **common))
        if (Kind.ROUTE, step.key) not in touched:
            moved = (Difference("Target", old.key, step.key),)
            added.append(Step(action=Action.CHANGE, kind=Kind.ROUTE, key=step.key, differences=moved, **common))
    return [*steps, *added]


def _link(steps: list[Step]) -> list[Step]:
    """Names the cause of every step that only follows from another."""
    created = {step.address for step in steps if step.action is Action.CREATE}
    deleted = {step.address for step in steps if step.action is Action.DELETE}
    return [step if step.cause else replace(step, cause=_cause(step, created, deleted)) for step in steps]


FOLLOWERS: Final[Mapping[Kind, frozenset[Kind]]] = {
    Kind.API: frozenset(Kind) - {Kind.API, Kind.DOMAIN_NAME, Kind.CERTIFICATE, Kind.LOG_GROUP},
    Kind.DOMAIN_NAME: frozenset({Kind.API_MAPPING, Kind.DNS_RECORD}),
    Kind.STAGE: frozenset({Kind.API_MAPPING}),
}
"""Where the kind on the left has to be made, steps of the kinds on the right follow from that."""


def _cause(step: Step, created: set[Address], deleted: set[Address]) -> Address | None:
    for address in sorted(created, key=lambda address: ORDER[address[0]]):
        if step.kind in FOLLOWERS.get(address[0], ()):
            return address
    route, integration = (Kind.ROUTE, step.key), (Kind.INTEGRATION, step.key)
    if step.kind is Kind.ROUTE_RESPONSE and route in created:
        return route
    if step.kind is Kind.INTEGRATION and step.action is Action.DELETE and route in deleted:
        return route
    if step.kind is Kind.ROUTE and step.action is Action.CHANGE and integration in created:
        only_target = {difference.name for difference in step.differences} == {"Target"}
        return integration if only_target else None
    return None


def _is_frozen(step: Step) -> bool:
    fields = FROZEN.get(step.kind, frozenset())
    if fields is None:
        return True
    return step.action is Action.CREATE or bool(fields & {difference.name for difference in step.differences})


def _deployment(desired: State, actual: State, frozen: list[Step], steps: list[Step]) -> Iterator[Step]:
    """A deployment is due after any change of what it freezes, and when the live one does not hold what is wanted."""
    wanted = desired.only(Kind.DEPLOYMENT)
    current = actual.get(Kind.DEPLOYMENT, "current")
    left_behind = [stray for stray in actual.strays if stray.kind is Kind.DEPLOYMENT]
    if wanted is None:
        return
    is_due = bool(frozen) or current is None or current.properties != wanted.properties
    reusable = None
    if is_due:
        stage = next((step for step in steps if _moves_deployment(step)), None)
        cause = frozen[0].cause or frozen[0].address if frozen else stage.address if stage else None
        if not frozen:
            reusable = next((stray for stray in left_behind if stray.properties == wanted.properties), None)
        reason = "makes the steps above live" if frozen else "what is live is not what is wanted"
        yield Step(
            action=Action.DEPLOY,
            kind=Kind.DEPLOYMENT,
            key="",
            reason=reason,
            wanted=wanted,
            current=reusable,
            cause=cause,
        )
        if current and current.properties["Description"].startswith(DEPLOYMENT_MARK):
            left_behind.append(replace(current, key=f"id {current.id}"))
    for old in left_behind:
        if old is not reusable:
            yield Step(
                action=Action.DELETE,
                kind=Kind.DEPLOYMENT,
                key=old.key,
                reason="no longer live",
                current=old,
                cause=(Kind.DEPLOYMENT, "") if is_due else None,
            )


def _moves_deployment(step: Step) -> bool:
    """A stage that is missing has no deployment; one that deploys automatically has one of its own."""
    automatic = any(difference.name == "AutoDeploy" for difference in step.differences)
    return step.kind is Kind.STAGE and (step.action is Action.CREATE or automatic)


def _position(step: Step) -> tuple[int, int]:
    """Where in the plan a step belongs. Deletions come in reverse order: nothing goes while something else refers to it."""
    order = ORDER[step.kind]
    if step.action is Action.DEPLOY:
        return 2, order
    if step.action is Action.DELETE:
        inside = step.kind in {Kind.INTEGRATION, Kind.ROUTE, Kind.ROUTE_RESPONSE}
        return (1 if inside else 4), -order
    return (0, order) if order < ORDER[Kind.DEPLOYMENT] else (3, order)
