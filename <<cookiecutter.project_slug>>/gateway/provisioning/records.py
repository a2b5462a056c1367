"""What provisioning writes into the database: the ids of what AWS made, each the moment it is known."""

from collections.abc import Mapping
from copy import copy
from typing import Any

from gateway.models import ApiGateway
from gateway.provisioning.callback import callback_url
from gateway.provisioning.calls import ControlPlane
from gateway.provisioning.state import Kind, State

ID_FIELDS = ("api_id", "api_endpoint", "callback_url", "control_plane", "aws_ids")


def ids_in(actual: State) -> dict[str, dict[str, str]]:
    """Kind -> key -> AWS's id, of everything that was made here."""
    ids: dict[str, dict[str, str]] = {}
    for resource in actual.resources.values():
        if not resource.foreign:
            ids.setdefault(str(resource.kind), {})[resource.key] = resource.id
    return ids


def fill(
    gateway: ApiGateway, plane: ControlPlane, ids: Mapping[str, Mapping[str, str]], api: Mapping[str, Any] | None
) -> None:
    """Sets the id fields of a record, without saving it. `api` is AWS's answer about the API, if there is one."""
    gateway.aws_ids = {name: dict(values) for name, values in ids.items() if values}
    gateway.api_id = api["ApiId"] if api else ""
    gateway.api_endpoint = api["ApiEndpoint"] if api else ""
    gateway.control_plane = plane.name if gateway.aws_ids else ""
    gateway.callback_url = callback_url(gateway, region=plane.region, management_endpoint=plane.management_endpoint)


def stale_fields(gateway: ApiGateway, plane: ControlPlane, actual: State) -> list[str]:
    """The id fields in which the database differs from what was read."""
    api = actual.only(Kind.API)
    right = copy(gateway)
    fill(right, plane, ids_in(actual), api.detail if api else None)
    return [name for name in ID_FIELDS if getattr(right, name) != getattr(gateway, name)]


class Records:
    """The ids of one gateway, in the database and in `ids`, which never differ for longer than one statement."""

    def __init__(self, gateway: ApiGateway, plane: ControlPlane) -> None:
        self.gateway = gateway
        self.plane = plane

    def adopt(self, actual: State) -> None:
        """Takes over what was read from AWS; whatever else the database believed is forgotten."""
        api = actual.only(Kind.API)
        self.store(ids_in(actual), api.detail if api else None)

    def remember(self, kind: Kind, key: str, identifier: str, answer: dict[str, Any] | None = None) -> None:
        """Saves one id. `answer` is AWS's, where the kind is an API."""
        ids = {name: dict(values) for name, values in self.gateway.aws_ids.items()}
        ids.setdefault(str(kind), {})[key] = identifier
        self.store(ids, answer if kind is Kind.API else self._known_api())

    def forget(self, kind: Kind, key: str) -> None:
        """Drops an id; with an API goes everything inside it."""
        ids = {name: dict(values) for name, values in self.gateway.aws_ids.items()}
        ids.get(str(kind), {}).pop(key, None)
        if kind is Kind.API:
            outside = {Kind.DOMAIN_NAME, Kind.CERTIFICATE, Kind.DNS_RECORD, Kind.LOG_GROUP}
            ids = {name: values for name, values in ids.items() if name in outside}
        self.store(ids, None if kind is Kind.API else self._known_api())

    def id_of(self, kind: Kind, key: str) -> str:
        """AWS's id, or empty if there is no such thing yet."""
        return str(self.gateway.aws_ids.get(str(kind), {}).get(key, ""))

    def _known_api(self) -> dict[str, Any] | None:
        if not self.gateway.api_id:
            return None
        return {"ApiId": self.gateway.api_id, "ApiEndpoint": self.gateway.api_endpoint}

    def store(self, ids: Mapping[str, Mapping[str, str]], api: Mapping[str, Any] | None) -> None:
        """Replaces all ids."""
        before = [getattr(self.gateway, name) for name in ID_FIELDS]
        fill(self.gateway, self.plane, ids, api)
        if [getattr(self.gateway, name) for name in ID_FIELDS] != before:
            self.gateway.save(update_fields=[*ID_FIELDS, "updated_on"])
