"""The IAM policies allow what provisioning and sending call, and nothing that they do not."""

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from string import Template
from typing import Any, get_args

import pytest

from gateway import aws, provisioning, transports
from gateway.provisioning.apply import destroy
from tests.gateway.provisioning.conftest import Neighbours, Site

POLICIES = Path(provisioning.__file__).parent / "policies"
ACCOUNT = "123456789012"
NAMES = {"partition": "aws", "region": "eu-central-1", "account": ACCOUNT, "api_id": "a1b2c3", "stage": "production"}
API_GATEWAY = "arn:aws:apigateway:eu-central-1::"

Need = tuple[str, str]


def grants(name: str) -> list[Need]:
    """Every pair of action and resource pattern in a policy."""
    policy = json.loads(Template((POLICIES / f"{name}.json").read_text(encoding="utf-8")).substitute(NAMES))
    return [
        (action, resource)
        for statement in policy["Statement"]
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    ]


def listed(value: str | list[str]) -> list[str]:
    """A policy may write a single entry without the brackets."""
    return [value] if isinstance(value, str) else value


def needs_of(service: str, operation: str, parameters: dict[str, Any], method: str, path: str) -> Iterator[Need]:
    """What AWS asks permission for, for one call. API Gateway's actions are HTTP verbs and its resources are paths."""
    if service in {"apigatewayv2", "apigateway"}:
        resource = API_GATEWAY + path.removeprefix("/v2")
        yield f"apigateway:{method}", resource
        if operation == "TagResource":
            yield "apigateway:TagResource", parameters["ResourceArn"]
        elif parameters.get("Tags"):
            yield "apigateway:POST", f"{API_GATEWAY}/tags/new"
            yield "apigateway:TagResource", f"{resource}/new"
        if operation == "CreateDomainName":
            role = "role/aws-service-role/ops.apigateway.amazonaws.com/AWSServiceRoleForAPIGateway"
            yield "iam:CreateServiceLinkedRole", f"arn:aws:iam::{ACCOUNT}:{role}"
    elif service == "acm":
        resource = parameters.get("CertificateArn", "*")
        yield f"acm:{operation}", resource
        if parameters.get("Tags"):
            yield "acm:AddTagsToCertificate", f"arn:aws:acm:eu-central-1:{ACCOUNT}:certificate/new"
    elif service == "route53":
        yield f"route53:{operation}", f"arn:aws:route53:::hostedzone/{parameters['HostedZoneId']}"
    else:
        group = f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:{parameters.get('logGroupName', 'any')}"
        yield f"logs:{operation}", group
        if parameters.get("tags"):
            yield "logs:TagResource", group


@pytest.fixture
def needs(site: Site, neighbours: Neighbours) -> set[Need]:
    """Everything that a life asks for: create with all options, repair, change, rotate, turn the logs off, destroy."""
    found: set[Need] = set()

    def client(service: str) -> Any:
        made = aws._session(aws.region()).client(service, endpoint_url=aws.client(service).meta.endpoint_url)
        seen: dict[str, Any] = {}

        def note(params: Any, **_: Any) -> None:
            seen.update(params)

        def record(model: Any, params: Any, **_: Any) -> None:
            path = params["url_path"]
            found.update(needs_of(service, model.name, seen, params["method"], path))
            seen.clear()

        made.meta.events.register("provide-client-params", note)
        made.meta.events.register("before-call", record)
        return made

    aws.client("acm").request_certificate(DomainName="ws.example.com", ValidationMethod="DNS")
    site.change(custom_domain=True, hosted_zone_id=neighbours.zone_id, access_log_arn=neighbours.log_group_arn)
    assert not site.apply(client=client, sleep=neighbours.pass_time)
    damage(site)
    site.gateway.additional_routes.filter(route_key="one_way").delete()
    site.gateway.additional_routes.filter(route_key="fetch_history").update(reply=False)
    site.change(stage_name="blue", dual_stack=True, api_mapping_key="v2", access_log_arn="", throttling_rate_limit=9)
    assert not site.apply(client=client, sleep=neighbours.pass_time)
    assert not destroy(site.gateway, site.plane(client=client, sleep=neighbours.pass_time), site.said.append)
    return found


def damage(site: Site) -> None:
    """What somebody may have done by hand, so that repairs are among the calls too."""
    ids = site.gateway.aws_ids
    site.client.update_stage(
        ApiId=site.gateway.api_id,
        StageName="production",
        RouteSettings={"chat_message": {"ThrottlingRateLimit": 1.0, "ThrottlingBurstLimit": 1}},
    )
    site.client.update_integration(
        ApiId=site.gateway.api_id, IntegrationId=ids["integration"]["$default"], TimeoutInMillis=500
    )


def covers(grant: Need, need: Need) -> bool:
    return grant[0] == need[0] and fnmatchcase(need[1], grant[1])


def test_the_deployer_policy_allows_every_call(needs: set[Need]) -> None:
    """Nobody who has the policy is told that AWS denies something."""
    allowed = grants("deployer")

    assert [need for need in sorted(needs) if not any(covers(grant, need) for grant in allowed)] == []


def test_the_deployer_policy_allows_nothing_more(needs: set[Need]) -> None:
    """Each permission is used by a call."""
    unused = [grant for grant in grants("deployer") if not any(covers(grant, need) for need in needs)]

    assert unused == []


@pytest.mark.parametrize("name", ["deployer", "runtime"])
def test_iam_takes_the_policy(neighbours: Neighbours, name: str) -> None:
    """Its grammar is right, and it is within the 6,144 characters of a managed policy."""
    document = Template((POLICIES / f"{name}.json").read_text(encoding="utf-8")).substitute(NAMES)

    made = aws.client("iam").create_policy(PolicyName=name, PolicyDocument=document)

    assert made["Policy"]["PolicyName"] == name
    assert len("".join(document.split())) <= 6_144


def test_the_runtime_policy_is_for_what_the_engine_calls() -> None:
    """Each verb that a transport knows, on this stage's connections, and nothing else."""
    base = f"arn:aws:execute-api:eu-central-1:{ACCOUNT}:a1b2c3/production"

    assert sorted(grants("runtime")) == sorted(
        ("execute-api:ManageConnections", f"{base}/{verb}/@connections/*") for verb in get_args(transports.Method)
    )
