"""What cannot work is refused in one sentence that names the thing and the remedy, and leaves AWS and the records as they are."""

import re
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, NoCredentialsError, PartialCredentialsError, ProfileNotFound
from botocore.stub import Stubber
from django.core.management import CommandError, call_command

from emulator.control import ControlFault, FaultKind
from gateway import aws
from gateway.models import ApiGateway, ApiGatewayAdditionalRoute
from gateway.provisioning.calls import CallError, ControlPlane, delay_before
from gateway.provisioning.exceptions import ProvisioningError
from gateway.provisioning.refusals import refuse_impossible
from gateway.provisioning.sentences import explain
from tests.gateway.provisioning.conftest import Site, asking_once

SECRETS = ("0123456789abcdef0123456789abcdef",)


def refused(*, is_aws: bool = True, secrets: tuple[str, ...] = SECRETS, **fields: Any) -> str:
    """The sentence for a record that is right but for the given fields."""
    known = {"api_name": "chat", "target_base_endpoint": "https://www.example.com/ws/"}
    with pytest.raises(ProvisioningError) as caught:
        refuse_impossible(ApiGateway(**{**known, **fields}), [], secrets=secrets, is_aws=is_aws)
    return str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "https://localhost/ws/",
        "https://127.0.0.1/ws/",
        "https://10.1.2.3/ws/",
        "https://192.168.0.7:8443/ws/",
        "https://[::1]/ws/",
        "https://intranet/ws/",
        "https://server.local/ws/",
    ],
)
def test_an_address_that_aws_cannot_reach(address: str) -> None:
    """Only where the control plane is AWS: an emulator reaches them all."""
    sentence = refused(target_base_endpoint=address)

    assert "cannot be reached from AWS: set DJANGO_BASE_URL" in sentence


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"target_base_endpoint": "http://www.example.com/ws/"}, "is not https"),
        ({"target_base_endpoint": "ftp://www.example.com/"}, "is no URL"),
        ({"target_base_endpoint": "https://user:word@www.example.com/"}, "holds a password"),
        ({"target_base_endpoint": "https://www.example.com/" + "a" * 2_048}, "more than 2048 characters"),
        ({"stage_name": "with space"}, "The stage 'with space' is not a name AWS takes"),
        ({"api_mapping_key": "a b"}, "The API mapping key 'a b'"),
        ({"callback_url_override": "proxy.example.com"}, "is no base for the management API"),
        ({"callback_url_override": "https://user:word@proxy.example.com/"}, "callback_url_override holds a password"),
        ({"callback_url_override": "http://169.254.169.254/latest"}, "machines ask for their own credentials"),
        ({"callback_url_override": "http://[fe80::a9fe:a9fe]/"}, "machines ask for their own credentials"),
        ({"route_selection_expression": ""}, "route selection expression is empty"),
    ],
)
def test_a_record_that_aws_refuses(fields: dict[str, Any], sentence: str) -> None:
    """Before AWS is asked."""
    assert sentence in refused(**fields)


@pytest.mark.parametrize("secrets", [(), ("",), ("with 'quote'" * 3,), ("a" * 511,)])
def test_a_secret_that_cannot_be_mapped(secrets: tuple[str, ...]) -> None:
    """It is not shown."""
    sentence = refused(secrets=secrets)

    assert "WEBSOCKET_SECRETS" in sentence
    assert not any(secret and secret in sentence for secret in secrets)


@pytest.mark.parametrize("route_key", ["connect", "default", "a b", "$mine", "x" * 129])
def test_a_route_key_that_aws_refuses(route_key: str) -> None:
    """Or that would share its URL with a built-in route."""
    gateway = ApiGateway(api_name="chat", target_base_endpoint="https://www.example.com/ws/")

    with pytest.raises(ProvisioningError, match=re.escape(f"The route key '{route_key}'")):
        refuse_impossible(gateway, [ApiGatewayAdditionalRoute(route_key=route_key)], secrets=SECRETS, is_aws=True)


def test_a_foreign_api_of_the_same_name(site: Site) -> None:
    """Names are not unique on AWS, but two of one name are a trap for people."""
    site.client.create_api(Name="tests", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")

    with pytest.raises(
        ProvisioningError, match=r"An API named 'tests' .* is not this project's: choose another api_name"
    ):
        site.apply()

    assert len(site.apis) == 1


def test_another_stage_of_the_project_is_no_foreign_api(live: Site) -> None:
    """Staging and production may share an account: each has an API of its own."""
    ApiGateway.objects.update(stage_name="staging", aws_ids={}, api_id="", control_plane="")

    assert not live.apply()

    assert sorted(api["Tags"]["websocket-stage"] for api in live.apis) == ["production", "staging"]


def test_an_api_deleted_behind_our_back_is_made_again(live: Site) -> None:
    """With a word about it."""
    live.client.delete_api(ApiId=live.gateway.api_id)

    assert not live.apply()

    assert any("is gone from" in line for line in live.said)
    assert live.gateway.api_id == live.apis[0]["ApiId"]


def test_ids_of_another_control_plane_mean_nothing(live: Site) -> None:
    """What the emulator called an API is no API on AWS."""
    ApiGateway.objects.update(
        control_plane="aws:eu-central-1", api_id="elsewhere", aws_ids={"API": {"tests": "elsewhere"}}
    )

    assert not live.apply()

    assert live.gateway.api_id == live.apis[0]["ApiId"]
    assert live.gateway.control_plane == live.server.url


@pytest.mark.parametrize("kind", [FaultKind.THROTTLE, FaultKind.CONFLICT])
def test_throttles_and_conflicts_are_waited_out(site: Site, kind: FaultKind) -> None:
    """Every third call fails once."""
    site.server.faults.add(ControlFault(kind=kind, every=3))

    assert not site.apply(client=asking_once)


def test_throttles_without_end_are_named(site: Site) -> None:
    """After patience, one sentence."""
    site.server.faults.add(ControlFault(kind=FaultKind.THROTTLE, operations=["CreateRoute"]))

    with pytest.raises(ProvisioningError, match="AWS throttles apigatewayv2 CreateRoute still"):
        site.apply(client=asking_once)


def test_a_missing_permission_names_the_policy(site: Site) -> None:
    """And the command says so without a traceback."""
    site.server.faults.add(ControlFault(kind=FaultKind.DENY, operations=["CreateIntegration"]))

    with pytest.raises(CommandError, match=r"AWS denies apigatewayv2 CreateIntegration: give this identity the policy"):
        call_command("provision_gateway", verbosity=0)


def test_refused_disconnect_headers_are_dropped_with_a_notice(site: Site) -> None:
    """Whether AWS maps the close code is not known: without it everything else works."""
    site.server.faults.refused_sources = ("context.disconnectStatusCode", "context.disconnectReason")

    assert not site.apply()

    assert any("refuses to map the close code and reason" in line for line in site.said)
    assert site.gateway.disconnect_headers is False
    assert not site.plan()


def client_error(code: str, message: str = "", status: int = 400) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}, "X"
    )


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (NoCredentialsError(), "There are no complete AWS credentials here"),
        (PartialCredentialsError(provider="env", cred_var="x"), "There are no complete AWS credentials here"),
        (ProfileNotFound(profile="x"), "AWS_PROFILE names a profile"),
        (client_error("UnrecognizedClientException"), "AWS does not know these credentials"),
        (client_error("ExpiredTokenException"), "The AWS credentials have expired"),
        (client_error("AccessDeniedException", "no"), "give this identity the policy"),
        (client_error("LimitExceededException", "too many"), "An AWS quota is reached in eu-central-1"),
        (client_error("BadRequestException", "Maximum number of APIs"), "An AWS quota is reached"),
        (client_error("ConflictException", "taken"), "The domain name is taken"),
        (client_error("BadRequestException", "CloudWatch Logs role ARN must be set"), "no CloudWatch Logs role"),
        (client_error("InternalError", "", 500), "run the same command again"),
        (client_error("BadRequestException", "odd"), "AWS refused apigatewayv2 CreateDomainName"),
    ],
)
def test_each_kind_of_failure_has_its_sentence(error: Any, sentence: str) -> None:
    """It names what to do."""
    assert sentence in explain(error, "apigatewayv2", "create_domain_name", "eu-central-1")


def test_a_quoted_secret_is_hidden(site: Site) -> None:
    """AWS quotes the mapping that it refuses."""
    secret = site.settings.WEBSOCKETS["SECRETS"][0]
    client = aws._session("eu-central-1").client("apigatewayv2", endpoint_url=site.server.url)
    plane = site.plane(client=lambda _service: client)
    with Stubber(client) as stub:
        stub.add_client_error("get_apis", "BadRequestException", f"Invalid mapping expression: '{secret}'")

        with pytest.raises(CallError) as caught:
            plane.call("apigatewayv2", "get_apis")

    assert secret not in str(caught.value)
    assert "(hidden)" in str(caught.value)


def test_lists_are_read_to_the_end(site: Site) -> None:
    """Page after page, also of API mappings, for which botocore has no paginator."""
    client = aws._session("eu-central-1").client("apigatewayv2", endpoint_url=site.server.url)
    plane = ControlPlane(name="stub", region="eu-central-1", is_aws=True, client=lambda _service: client)
    with Stubber(client) as stub:
        page = {"Items": [{"ApiMappingId": "1", "ApiId": "a", "Stage": "s"}], "NextToken": "next"}
        stub.add_response("get_api_mappings", page, {"DomainName": "ws.example.com"})
        last = {"Items": [{"ApiMappingId": "2", "ApiId": "a", "Stage": "s"}]}
        stub.add_response("get_api_mappings", last, {"DomainName": "ws.example.com", "NextToken": "next"})

        found = plane.pages("get_api_mappings", DomainName="ws.example.com")

    assert [mapping["ApiMappingId"] for mapping in found] == ["1", "2"]


def test_an_unknown_region_is_named() -> None:
    """Nothing answers there."""
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=1)
    client = aws._session("eu-nowhere-9").client("apigatewayv2", endpoint_url="http://nowhere.invalid", config=config)
    plane = ControlPlane(name="aws", region="eu-nowhere-9", is_aws=True, client=lambda _service: client)

    with pytest.raises(ProvisioningError, match="does not answer in region 'eu-nowhere-9': check AWS_REGION"):
        plane.call("apigatewayv2", "get_apis")


def test_a_local_gateway_that_was_not_started_is_named() -> None:
    """With its address and the command that starts it: what a newcomer forgets first."""
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=1)
    client = aws._session("us-east-1").client("apigatewayv2", endpoint_url="http://127.0.0.1:1", config=config)
    plane = ControlPlane(name="emulator", region="us-east-1", is_aws=False, client=lambda _service: client)

    with pytest.raises(ProvisioningError, match=r"Nothing answers at http://127\.0\.0\.1:1\b.*`make run`"):
        plane.call("apigatewayv2", "get_apis")


def test_waiting_grows_and_has_an_end() -> None:
    """Half of it is left to chance, so that two runs do not meet again."""
    assert [delay_before(attempt, 0.0) for attempt in (1, 2, 3)] == [0.25, 0.5, 1.0]
    assert delay_before(20, 1.0) == 30.0
