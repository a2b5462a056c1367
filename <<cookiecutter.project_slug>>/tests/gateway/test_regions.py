"""What AWS's names end and begin with, by region: as botocore knows them."""

import json
from pathlib import Path
from typing import Any

import botocore
import pytest

from gateway.regions import execute_api_host, partition_of

KNOWN: list[dict[str, Any]] = json.loads((Path(botocore.__file__).parent / "data" / "endpoints.json").read_text())[
    "partitions"
]


@pytest.mark.parametrize("partition", KNOWN, ids=[one["partition"] for one in KNOWN])
def test_every_region_is_in_its_partition(partition: dict[str, Any]) -> None:
    """A region that is new, and a partition that is new, are found by their first letters."""
    expected = (partition["partition"], partition["dnsSuffix"])

    assert {region: partition_of(region) for region in partition["regions"]} == dict.fromkeys(
        partition["regions"], expected
    )


def test_the_host_of_an_api() -> None:
    """Its id, the region, the partition's suffix."""
    assert execute_api_host("a1b2c3", "cn-north-1") == "a1b2c3.execute-api.cn-north-1.amazonaws.com.cn"
