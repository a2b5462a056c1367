"""Taking `config/gateway.json` into the records, without losing what was edited in the admin."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction

from gateway.conf import conf
from gateway.models import ApiGateway, ApiGatewayAdditionalRoute
from gateway.provisioning.exceptions import ProvisioningError

REGISTRABLE: Final = (
    "api_name",
    "target_base_endpoint",
    "route_selection_expression",
    "stage_name",
    "domain_name",
    "default_channel_name",
    "certificate_arn",
    "hosted_zone_id",
    "api_mapping_key",
    "dual_stack",
    "throttling_rate_limit",
    "throttling_burst_limit",
    "access_log_arn",
    "callback_url_override",
)
"""What the file may hold besides `routes`: no ids, and not the switch of the custom domain."""
FOR_SETTINGS_ONLY: Final = frozenset({"site_name", "site_domain_name"})
ROUTE_FIELDS: Final = ("route_key", "endpoint", "reply")


@dataclass(frozen=True, slots=True)
class Registration:
    """What came of it. `differences` are edits that the file has overwritten (with force)."""

    gateway: ApiGateway
    created: bool
    differences: tuple[str, ...] = ()


class EditedError(ProvisioningError):
    """The record was edited since the file was last registered."""

    def __init__(self, gateway: ApiGateway, differences: Sequence[str]) -> None:
        self.differences = tuple(differences)
        listed = "\n".join(f"  {difference}" for difference in differences)
        super().__init__(
            f"The gateway {gateway.api_name!r} was edited since it was registered and differs from the file:\n{listed}\n"
            "Put these values into the file, or run `manage.py register_gateway --force` to let the file win."
        )


def register(*, force: bool = False) -> Registration:
    """Upserts the gateway of `GATEWAY_FILE` with its routes.

    A record untouched since the last time follows the file. An edited one that differs is left alone: raises `EditedError`, unless
    forced. Raises `ProvisioningError` for a file that cannot be used.
    """
    values, routes = read_file(conf().GATEWAY_FILE)
    with transaction.atomic():
        gateway = ApiGateway.objects.select_for_update().filter(api_name=values["api_name"]).first()
        if gateway is None:
            return Registration(_write(ApiGateway(), values, routes), created=True)
        found = _differences(gateway, values, routes)
        edited = gateway.registered_digest != digest_of(gateway, gateway.registered_fields)
        if found and edited and not force:
            raise EditedError(gateway, found)
        return Registration(_write(gateway, values, routes), created=False, differences=tuple(found) if edited else ())


def read_file(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The fields and the routes that the file asks for, with the settings that complete and override it."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProvisioningError(
            f"There is no {path.name}: restore it, or point WEBSOCKETS['GATEWAY_FILE'] at it."
        ) from None
    except ValueError as error:
        raise ProvisioningError(f"{path.name} is no JSON ({error}): correct it.") from None
    if not isinstance(content, dict) or not content.get("api_name"):
        raise ProvisioningError(f"{path.name} names no gateway: it needs an api_name.")
    routes = content.pop("routes", [])
    unknown = sorted(set(content) - set(REGISTRABLE) - FOR_SETTINGS_ONLY)
    if unknown:
        raise ProvisioningError(
            f"{path.name} has a key {unknown[0]!r} that no gateway has: use one of {', '.join(REGISTRABLE)}."
        )
    values = {name: value for name, value in content.items() if name in REGISTRABLE}
    settings = conf()
    values.setdefault("target_base_endpoint", settings.BASE_URL + settings.PATH)
    if settings.STAGE:
        values["stage_name"] = settings.STAGE
    return values, _routes_of(routes, path.name)


def _routes_of(entries: Any, file_name: str) -> list[dict[str, Any]]:
    if not isinstance(entries, list):
        raise ProvisioningError(f"The routes in {file_name} are no list: write them in brackets.")
    routes = [_route_of(entry, file_name) for entry in entries]
    keys = [route["route_key"] for route in routes]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise ProvisioningError(f"{file_name} has the route {twice!r} twice: name it once.")
    return routes


def _route_of(entry: Any, file_name: str) -> dict[str, Any]:
    if not isinstance(entry, dict) or not entry.get("route_key") or set(entry) - set(ROUTE_FIELDS):
        raise ProvisioningError(f"{file_name} has a route {entry!r}: a route holds route_key, endpoint and reply.")
    return {"endpoint": "", "reply": True} | entry


def digest_of(gateway: ApiGateway, fields: Sequence[str]) -> str:
    """A fingerprint of the given fields and of the routes, as the database has them."""
    routes = sorted(gateway.additional_routes.values_list(*ROUTE_FIELDS)) if gateway.pk else []
    values = {name: getattr(gateway, name) for name in sorted(fields)}
    return hashlib.sha256(json.dumps([values, routes], sort_keys=True).encode()).hexdigest()


def _differences(gateway: ApiGateway, values: Mapping[str, Any], routes: Sequence[Mapping[str, Any]]) -> list[str]:
    found = [
        f"{name}: {getattr(gateway, name)!r} in the database, {value!r} in the file"
        for name, value in values.items()
        if getattr(gateway, name) != value
    ]
    in_database = {route.route_key: route for route in gateway.additional_routes.all()}
    in_file = {route["route_key"]: route for route in routes}
    found += [f"route {key}: only in the database" for key in sorted(in_database.keys() - in_file.keys())]
    found += [f"route {key}: only in the file" for key in sorted(in_file.keys() - in_database.keys())]
    for key in sorted(in_file.keys() & in_database.keys()):
        for name in ("endpoint", "reply"):
            current, wanted = getattr(in_database[key], name), in_file[key][name]
            if current != wanted:
                found.append(f"route {key}, {name}: {current!r} in the database, {wanted!r} in the file")
    return found


def differences_from_file(gateway: ApiGateway) -> list[str]:
    """How the record differs from the file, one sentence each; a gateway made in the admin has no file to differ from."""
    values, routes = read_file(conf().GATEWAY_FILE)
    return _differences(gateway, values, routes) if values["api_name"] == gateway.api_name else []


def _write(gateway: ApiGateway, values: Mapping[str, Any], routes: Sequence[Mapping[str, Any]]) -> ApiGateway:
    for name, value in values.items():
        setattr(gateway, name, value)
    _validated(gateway)
    gateway.save()
    gateway.additional_routes.exclude(route_key__in=[route["route_key"] for route in routes]).delete()
    for route in routes:
        found = gateway.additional_routes.filter(route_key=route["route_key"]).first()
        record = found or ApiGatewayAdditionalRoute(api_gateway=gateway, route_key=route["route_key"])
        record.endpoint, record.reply = route["endpoint"], route["reply"]
        _validated(record)
        record.save()
    gateway.registered_fields = sorted(values)
    gateway.registered_digest = digest_of(gateway, gateway.registered_fields)
    gateway.save(update_fields=["registered_fields", "registered_digest"])
    return gateway


def _validated(record: ApiGateway | ApiGatewayAdditionalRoute) -> None:
    try:
        record.full_clean(validate_unique=False)
    except ValidationError as error:
        name, messages = next(iter(error.message_dict.items()))
        raise ProvisioningError(f"{conf().GATEWAY_FILE.name}: {name} of {record} will not do: {messages[0]}") from None


def gateway_named(name: str) -> ApiGateway:
    """The gateway of that name; without a name the only one there is. Raises `ProvisioningError`."""
    names = list(ApiGateway.objects.values_list("api_name", flat=True))
    if not names:
        raise ProvisioningError("No gateway is registered: run `manage.py register_gateway` first.")
    if not name and len(names) > 1:
        raise ProvisioningError(f"There are several gateways: name one of {', '.join(names)}.")
    chosen = name or names[0]
    if chosen not in names:
        raise ProvisioningError(f"There is no gateway named {name!r}: name one of {', '.join(names)}.")
    return ApiGateway.objects.get(api_name=chosen)
