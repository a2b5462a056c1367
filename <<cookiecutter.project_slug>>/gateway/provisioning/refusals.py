"""What is refused before AWS is asked: wishes that AWS would refuse, or could never reach."""

import re
from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from gateway import wire
from gateway.limits import MAX_PARAMETER_VALUE_LENGTH, MAX_ROUTE_KEY_LENGTH
from gateway.models import ApiGateway, ApiGatewayAdditionalRoute
from gateway.provisioning.desired import wanted_routes
from gateway.provisioning.exceptions import ProvisioningError

LONGEST_URI = 2_048
ROUTE_KEY = re.compile(r"[A-Za-z0-9_-]+")
STAGE_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
MAPPING_KEY = re.compile(r"[A-Za-z0-9$_.+!*'()/-]{0,300}")
RESERVED_SLUGS = frozenset(wire.slug_of(key) for key in wire.BUILT_IN_ROUTE_KEYS)


def refuse_impossible(
    gateway: ApiGateway, additional: Sequence[ApiGatewayAdditionalRoute], *, secrets: Sequence[str], is_aws: bool
) -> None:
    """Raises `ProvisioningError` with one sentence for the first thing that cannot work."""
    _refuse_secret(secrets)
    _refuse_names(gateway)
    for route in additional:
        _refuse_route_key(route.route_key)
    if gateway.callback_url_override:
        _refuse_override(gateway.callback_url_override)
    for wanted in wanted_routes(gateway, additional):
        refuse_uri(wanted.uri, f"route {wanted.route_key}", is_aws=is_aws)


def _refuse_secret(secrets: Sequence[str]) -> None:
    if not secrets or not secrets[0]:
        raise ProvisioningError("There is no shared secret: put one of at least 32 characters into WEBSOCKET_SECRETS.")
    if len(secrets[0]) + 2 > MAX_PARAMETER_VALUE_LENGTH or not re.fullmatch(r"[A-Za-z0-9._~+/=-]+", secrets[0]):
        raise ProvisioningError(
            "The first of WEBSOCKET_SECRETS does not fit into a header mapping: use at most 510 letters, digits and ._~+/=-."
        )


def _refuse_names(gateway: ApiGateway) -> None:
    if not STAGE_NAME.fullmatch(gateway.stage_name):
        raise ProvisioningError(
            f"The stage {gateway.stage_name!r} is not a name AWS takes: use letters, digits, hyphens and underscores."
        )
    if not MAPPING_KEY.fullmatch(gateway.api_mapping_key):
        raise ProvisioningError(
            f"The API mapping key {gateway.api_mapping_key!r} is not one AWS takes: use letters, digits and $-_.+!*'()/."
        )
    if not gateway.route_selection_expression:
        raise ProvisioningError("The route selection expression is empty: $request.body.action is the usual one.")


def _refuse_override(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
        raise ProvisioningError(
            f"The callback_url_override {url!r} is no base for the management API: give an https address."
        )
    if parts.username or parts.password:
        raise ProvisioningError("The callback_url_override holds a password: take it out, every call is signed.")
    if is_link_local(parts.hostname):
        raise ProvisioningError(
            f"The callback_url_override {url!r} is where machines ask for their own credentials: give your proxy's address."
        )


def _refuse_route_key(route_key: str) -> None:
    if not ROUTE_KEY.fullmatch(route_key) or len(route_key) > MAX_ROUTE_KEY_LENGTH:
        raise ProvisioningError(
            f"The route key {route_key!r} is not one AWS takes: use up to {MAX_ROUTE_KEY_LENGTH} letters, digits, "
            "hyphens and underscores."
        )
    if route_key in RESERVED_SLUGS:
        raise ProvisioningError(
            f"The route key {route_key!r} belongs to the built-in route ${route_key}: choose another."
        )


def refuse_uri(uri: str, owner: str, *, is_aws: bool) -> None:
    """API Gateway calls over the public Internet: it needs https with a public certificate and a public address."""
    parts = urlsplit(uri)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ProvisioningError(f"The address {uri!r} of {owner} is no URL: set DJANGO_BASE_URL to https://...")
    if len(uri) > LONGEST_URI:
        raise ProvisioningError(f"The address of {owner} has more than {LONGEST_URI} characters: shorten it.")
    if parts.username or parts.password:
        raise ProvisioningError(
            f"The address of {owner} holds a password: take it out, the shared secret is the guard."
        )
    if not is_aws:
        return
    if parts.scheme != "https":
        raise ProvisioningError(
            f"The address {uri!r} of {owner} is not https: set DJANGO_BASE_URL to https://... and run manage.py register_gateway"
        )
    if is_private(parts.hostname):
        raise ProvisioningError(
            f"The address {uri!r} of {owner} cannot be reached from AWS: set DJANGO_BASE_URL to this site's public address."
        )


def is_link_local(host: str) -> bool:
    """Whether a host is an address of the link, as the metadata services of clouds have."""
    try:
        return ip_address(host).is_link_local
    except ValueError:
        return False


def is_private(host: str) -> bool:
    """Whether a host is named or numbered so that only this machine or this network knows it."""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.rsplit(".", 1)[-1].lower() in {"localhost", "local", "internal", "lan", "test"}
