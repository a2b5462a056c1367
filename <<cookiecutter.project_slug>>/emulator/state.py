"""What the control plane remembers: plain values that can be written to a file and read back.

Records keep the member names of AWS's own model (`RouteKey`, `IntegrationUri`), so that answering is picking, not translating.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

Record = dict[str, Any]
"""One resource, as AWS would describe it."""

Table = dict[str, Record]
"""Resources of one kind by id."""


class StateError(ValueError):
    """A saved state does not have the expected shape."""


@dataclass(kw_only=True)
class Api:
    """One WebSocket API and everything that is deleted with it."""

    record: Record
    integrations: Table = field(default_factory=dict)
    routes: Table = field(default_factory=dict)
    route_responses: dict[str, Table] = field(default_factory=dict)
    """By route id, then by route response id."""
    deployments: Table = field(default_factory=dict)
    snapshots: Table = field(default_factory=dict)
    """What each deployment froze, by deployment id."""
    stages: Table = field(default_factory=dict)


@dataclass(kw_only=True)
class Domain:
    """A custom domain name and its api mappings."""

    record: Record
    mappings: Table = field(default_factory=dict)


@dataclass(kw_only=True)
class State:
    """The whole account: APIs by id, custom domains by name."""

    apis: dict[str, Api] = field(default_factory=dict)
    domains: dict[str, Domain] = field(default_factory=dict)

    def to_json(self) -> Record:
        """Values that `json.dumps` takes. They are the state's own, not copies: a large API is saved after each call."""
        return {
            "version": 1,
            "apis": {key: vars(api) for key, api in self.apis.items()},
            "domains": {key: vars(domain) for key, domain in self.domains.items()},
        }

    @classmethod
    def from_json(cls, saved: object) -> "State":
        """The state that `to_json` wrote.

        Raises:
            StateError: the values are not of that shape.
        """
        saved = _mapping(saved, "the state")
        if saved.get("version") != 1:
            raise StateError(f"version {saved.get('version')!r} is not 1")
        return cls(
            apis={key: Api(**_tables(Api, value)) for key, value in _mapping(saved.get("apis"), "apis").items()},
            domains={
                key: Domain(**_tables(Domain, value))
                for key, value in _mapping(saved.get("domains"), "domains").items()
            },
        )


def _tables(kind: type[Api] | type[Domain], saved: object) -> dict[str, Any]:
    """The constructor's arguments: a record, and tables of records."""
    values = _mapping(saved, kind.__name__)
    expected = {item.name for item in fields(kind)}
    if set(values) != expected:
        raise StateError(f"{kind.__name__} has {sorted(values)} where {sorted(expected)} is expected")
    for name, value in values.items():
        members = _mapping(value, name)
        if name != "record":
            for member in members.values():
                _mapping(member, name)
    return dict(values)


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise StateError(f"{name} is no object")
    return value
