"""Where messages are posted: one function for every kind of address."""

import pytest

from gateway.models import ApiGateway
from gateway.provisioning.callback import arn_of, callback_url


def gateway(**fields: object) -> ApiGateway:
    known = {"api_id": "a1b2c3", "api_endpoint": "wss://a1b2c3.execute-api.eu-central-1.amazonaws.com"}
    return ApiGateway(
        **{"api_name": "chat", "stage_name": "production", "domain_name": "ws.example.com", **known, **fields}
    )


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-central-1", "a1b2c3.execute-api.eu-central-1.amazonaws.com"),
        ("cn-north-1", "a1b2c3.execute-api.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "a1b2c3.execute-api.us-gov-west-1.amazonaws.com"),
        ("us-iso-east-1", "a1b2c3.execute-api.us-iso-east-1.c2s.ic.gov"),
        ("eusc-de-east-1", "a1b2c3.execute-api.eusc-de-east-1.amazonaws.eu"),
    ],
)
def test_the_default_endpoint_has_the_stage(region: str, host: str) -> None:
    """And the suffix of its partition."""
    assert callback_url(gateway(), region=region) == f"https://{host}/production"


@pytest.mark.parametrize(("key", "path"), [("", ""), ("v2", "/v2")])
def test_a_custom_domain_has_no_stage(key: str, path: str) -> None:
    """The API mapping names it."""
    made = gateway(custom_domain=True, api_mapping_key=key, aws_ids={"API mapping": {"x": "m1"}})

    assert callback_url(made, region="eu-central-1") == f"https://ws.example.com{path}"


def test_a_custom_domain_without_its_mapping_is_not_used_yet() -> None:
    """Its certificate may take hours."""
    made = gateway(custom_domain=True, aws_ids={"API": {"chat": "a1b2c3"}})

    assert callback_url(made, region="eu-central-1").endswith(".amazonaws.com/production")


def test_the_emulator_is_a_base_with_the_apis_path() -> None:
    """Its APIs share one port."""
    made = gateway(api_endpoint="ws://127.0.0.1:8001/_apis/a1b2c3", custom_domain=True)

    url = callback_url(made, region="eu-central-1", management_endpoint="http://127.0.0.1:8001/")

    assert url == "http://127.0.0.1:8001/_apis/a1b2c3/production"


def test_the_override_wins() -> None:
    """A proxy of one's own."""
    made = gateway(callback_url_override="https://proxy.example.com/production/")

    assert callback_url(made, region="eu-central-1") == "https://proxy.example.com/production"


def test_without_an_api_there_is_none() -> None:
    """Nothing can be sent."""
    assert callback_url(gateway(api_id=""), region="eu-central-1") == ""


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-east-1", "aws-us-gov")]
)
def test_arns_name_the_partition(region: str, partition: str) -> None:
    """Tags are set by ARN."""
    assert arn_of("/apis/a1", region) == f"arn:{partition}:apigateway:{region}::/apis/a1"
