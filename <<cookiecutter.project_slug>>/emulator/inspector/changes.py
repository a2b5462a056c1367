"""What has been changed since a stage was deployed: such changes are not live until the next deployment. Pure."""

from collections.abc import Iterator

from emulator.state import Record


def undeployed_changes(deployed: Record, current: Record) -> list[str]:
    """A sentence for each difference of two snapshots. Only names are told: values may be secret."""
    if not deployed:
        return ["nothing has been deployed to this stage"]
    return [*_settings(deployed, current), *_routes(deployed, current)]


def _settings(deployed: Record, current: Record) -> Iterator[str]:
    for name in ("RouteSelectionExpression", "DisableExecuteApiEndpoint"):
        if deployed.get(name) != current.get(name):
            yield f"{name} changed"


def _routes(deployed: Record, current: Record) -> Iterator[str]:
    before = {route["RouteKey"]: route for route in deployed["Routes"]}
    after = {route["RouteKey"]: route for route in current["Routes"]}
    yield from (f"route {key} is new" for key in after if key not in before)
    yield from (f"route {key} was deleted" for key in before if key not in after)
    for key in before.keys() & after.keys():
        names = sorted(_differences(before[key], after[key]))
        if names:
            yield f"route {key} changed: {', '.join(names)}"


def _differences(before: Record, after: Record) -> Iterator[str]:
    """Names of what differs; of an integration, the names inside it."""
    for name in before.keys() | after.keys():
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            yield from (f"{name}.{inner}" for inner in old.keys() | new.keys() if old.get(inner) != new.get(inner))
        else:
            yield name
