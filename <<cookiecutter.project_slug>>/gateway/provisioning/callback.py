"""Addresses on API Gateway: where messages are posted, and what AWS calls its parts in a region."""

from urllib.parse import urlsplit

from gateway.models import ApiGateway
from gateway.regions import execute_api_host, partition_of


def arn_of(path: str, region: str) -> str:
    """The ARN under which API Gateway tags something: `/apis/a1b2c3` for instance."""
    return f"arn:{partition_of(region)[0]}:apigateway:{region}::{path}"


def callback_url(
    gateway: ApiGateway, *, region: str, management_endpoint: str = "", domain_is_live: bool = False
) -> str:
    """Where messages for this gateway are posted, without a trailing slash. Empty while there is no API.

    The default endpoint needs the stage, a custom domain must not have it: the API mapping names the stage there. Until that
    mapping exists the default endpoint serves.
    """
    if gateway.callback_url_override:
        return gateway.callback_url_override.rstrip("/")
    if not gateway.api_id:
        return ""
    if management_endpoint:
        return f"{management_endpoint.rstrip('/')}{urlsplit(gateway.api_endpoint).path}/{gateway.stage_name}"
    if gateway.domain_is_live:
        return "/".join(part for part in (f"https://{gateway.domain_name}", gateway.api_mapping_key) if part)
    return f"https://{execute_api_host(gateway.api_id, region)}/{gateway.stage_name}"
