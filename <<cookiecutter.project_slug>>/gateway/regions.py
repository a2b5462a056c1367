"""AWS's partitions: what a region's hosts end with and what its ARNs begin with. Settings read this, so it imports nothing."""

from typing import Final

PARTITIONS: Final = (
    ("cn-", "aws-cn", "amazonaws.com.cn"),
    ("us-gov-", "aws-us-gov", "amazonaws.com"),
    ("us-iso-", "aws-iso", "c2s.ic.gov"),
    ("us-isob-", "aws-iso-b", "sc2s.sgov.gov"),
    ("us-isof-", "aws-iso-f", "csp.hci.ic.gov"),
    ("eu-isoe-", "aws-iso-e", "cloud.adc-e.uk"),
    ("eusc-", "aws-eusc", "amazonaws.eu"),
)
"""Regions that do not begin like these are in the partition `aws`."""


def partition_of(region: str) -> tuple[str, str]:
    """The partition for ARNs and the suffix of host names: `cn-north-1` -> `("aws-cn", "amazonaws.com.cn")`."""
    for prefix, partition, suffix in PARTITIONS:
        if region.startswith(prefix):
            return partition, suffix
    return "aws", "amazonaws.com"


def execute_api_host(name: str, region: str) -> str:
    """Where API Gateway runs an API: its id, or `*` for any, as `name`."""
    return f"{name}.execute-api.{region}.{partition_of(region)[1]}"
