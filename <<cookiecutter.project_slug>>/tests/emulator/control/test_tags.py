"""Tags on APIs, stages and custom domains."""

import pytest


@pytest.fixture
def arns(client, build) -> dict[str, str]:
    """One resource of each kind that can be tagged."""
    api_id = build.api()
    client.create_stage(ApiId=api_id, StageName="production")
    prefix = "arn:aws:apigateway:us-east-1::"
    return {
        "api": f"{prefix}/apis/{api_id}",
        "stage": f"{prefix}/apis/{api_id}/stages/production",
        "domain": f"{prefix}/domainnames/{build.domain()}",
    }


@pytest.mark.parametrize("kind", ["api", "stage", "domain"])
def test_tags_come_and_go(client, arns, kind):
    """tag_resource adds and changes, untag_resource removes, get_tags shows."""
    client.tag_resource(ResourceArn=arns[kind], Tags={"a": "1", "b": "2"})
    client.tag_resource(ResourceArn=arns[kind], Tags={"b": "3", "c": "4"})
    client.untag_resource(ResourceArn=arns[kind], TagKeys=["a", "c", "unknown"])

    assert client.get_tags(ResourceArn=arns[kind])["Tags"] == {"b": "3"}


def test_tags_are_shown_with_their_resource(client, arns):
    """A tagged stage, API and domain show their tags when asked for."""
    for arn in arns.values():
        client.tag_resource(ResourceArn=arn, Tags={"owner": "chat"})

    api = client.get_apis()["Items"][0]
    assert api["Tags"] == {"owner": "chat"}
    assert client.get_stage(ApiId=api["ApiId"], StageName="production")["Tags"] == {"owner": "chat"}
    assert client.get_domain_name(DomainName="ws.example.com")["Tags"] == {"owner": "chat"}


def test_tags_of_one_api_are_not_those_of_another(client, build, arns):
    """Resources made without tags share nothing."""
    client.tag_resource(ResourceArn=arns["api"], Tags={"owner": "chat"})

    assert client.get_api(ApiId=build.api())["Tags"] == {}


@pytest.mark.parametrize(
    "tags", [{"aws:reserved": "x"}, {"k" * 129: "x"}, {"k": "v" * 1601}, {f"k{n}": "x" for n in range(51)}]
)
def test_impossible_tags_are_refused(client, arns, refusal, tags):
    """Reserved, overlong or too many tags are refused, and none is stored."""
    refusal("BadRequestException", "tag_resource", ResourceArn=arns["api"], Tags=tags)

    assert client.get_tags(ResourceArn=arns["api"])["Tags"] == {}


def test_wrong_arns(refusal):
    """What is no ARN of API Gateway is refused, what names nothing is not found."""
    refusal("BadRequestException", "get_tags", ResourceArn="arn:aws:s3:::bucket")
    refusal("NotFoundException", "get_tags", ResourceArn="arn:aws:apigateway:us-east-1::/apis/nowhere")
    refusal("NotFoundException", "get_tags", ResourceArn="arn:aws:apigateway:us-east-1::/domainnames/nowhere")
