"""The shape that desired and actual state share: resources, addressed by kind and key, in AWS's own parameter names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What AWS calls it. The order is the order of creation."""

    LOG_GROUP = "log group"
    API = "API"
    INTEGRATION = "integration"
    ROUTE = "route"
    ROUTE_RESPONSE = "route response"
    DEPLOYMENT = "deployment"
    STAGE = "stage"
    CERTIFICATE = "certificate"
    DOMAIN_NAME = "domain name"
    API_MAPPING = "API mapping"
    DNS_RECORD = "DNS record"


ORDER = {kind: position for position, kind in enumerate(Kind)}

Address = tuple[Kind, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """One thing on AWS.

    `key` is its name inside its kind: the route key for routes, integrations and route responses. `properties` are compared
    field by field. `id` is AWS's; desired resources have none. `detail` is read but never compared. What is `foreign` was made by
    somebody else and is used, never removed.
    """

    kind: Kind
    key: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    foreign: bool = False

    @property
    def address(self) -> Address:
        return self.kind, self.key


@dataclass(frozen=True, slots=True)
class State:
    """Resources by address. `strays` belong to our API but nobody asked for them; `notices` are for the reader of the plan.

    `problems` stand in the way of making anything, and never in the way of removing it.
    """

    resources: Mapping[Address, Resource] = field(default_factory=dict)
    strays: tuple[Resource, ...] = ()
    notices: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    def __or__(self, other: "State") -> "State":
        return State(
            {**self.resources, **other.resources},
            self.strays + other.strays,
            self.notices + other.notices,
            self.problems + other.problems,
        )

    def get(self, kind: Kind, key: str) -> Resource | None:
        return self.resources.get((kind, key))

    def of_kind(self, kind: Kind) -> list[Resource]:
        return [resource for resource in self.resources.values() if resource.kind is kind]

    def only(self, kind: Kind) -> Resource | None:
        """The resource of a kind that exists once at most."""
        return next(iter(self.of_kind(kind)), None)


def by_address(resources: Iterable[Resource]) -> dict[Address, Resource]:
    return {resource.address: resource for resource in resources}
