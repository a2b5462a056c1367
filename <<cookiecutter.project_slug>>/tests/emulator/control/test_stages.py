"""Stages, as an unmodified boto3 client and the data plane see them."""

import pytest

from emulator.snapshot import Throttle

LOG = {
    "DestinationArn": "arn:aws:logs:us-east-1:123456789012:log-group:chat",
    "Format": '{"id": "$context.requestId"}',
}


def test_created_stage_is_answered_in_full(client, build):
    """create_stage fills in AWS's defaults, and get_stage agrees."""
    api_id = build.api()

    stage = client.create_stage(ApiId=api_id, StageName="production", Tags={"a": "b"}, AccessLogSettings=LOG)

    assert stage["DefaultRouteSettings"] == {"DetailedMetricsEnabled": False}
    assert (stage["AutoDeploy"], stage["RouteSettings"], stage["StageVariables"]) == (False, {}, {})
    assert (stage["Tags"], stage["AccessLogSettings"]) == ({"a": "b"}, LOG)
    got = client.get_stage(ApiId=api_id, StageName="production")
    assert got | {"ResponseMetadata": None} == stage | {"ResponseMetadata": None}


def test_undeployed_stage_is_there_but_not_deployed(client, build, server):
    """A stage without a deployment reaches the data plane as such: its handshakes get 403."""
    api_id = build.api()

    client.create_stage(ApiId=api_id, StageName="production")

    stage = server.store.live_stage(api_id, "production")
    assert (stage.deployed, dict(stage.routes)) == (False, {})


def test_without_settings_the_account_throttle_holds(client, build, server):
    """A stage that says nothing has 10,000 requests a second and a burst of 5,000."""
    api_id = build.api()

    client.create_stage(ApiId=api_id, StageName="production")

    assert server.store.live_stage(api_id, "production").default_throttle == Throttle(rate=10_000.0, burst=5_000)


def test_settings_without_throttles_store_zero(client, build, server):
    """The trap: default route settings that name no throttle store 0 and 0, by create and by update."""
    api_id = build.api()
    client.create_stage(ApiId=api_id, StageName="one", DefaultRouteSettings={"LoggingLevel": "INFO"})
    client.create_stage(ApiId=api_id, StageName="two")
    client.update_stage(ApiId=api_id, StageName="two", DefaultRouteSettings={"LoggingLevel": "INFO"})

    for name in ("one", "two"):
        settings = client.get_stage(ApiId=api_id, StageName=name)["DefaultRouteSettings"]
        assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (0.0, 0)
        assert server.store.live_stage(api_id, name).default_throttle == Throttle(rate=0.0, burst=0)


def test_update_keeps_throttles_that_are_there(client, build, server):
    """update_stage merges into settings: a logging level leaves stored throttles alone."""
    api_id = build.api()
    numbers = {"ThrottlingRateLimit": 20.5, "ThrottlingBurstLimit": 10}
    client.create_stage(ApiId=api_id, StageName="production", DefaultRouteSettings=numbers)

    client.update_stage(ApiId=api_id, StageName="production", DefaultRouteSettings={"LoggingLevel": "ERROR"})

    assert server.store.live_stage(api_id, "production").default_throttle == Throttle(rate=20.5, burst=10)


def test_route_settings_are_kept_by_route(client, build, server, refusal):
    """Settings of a route do not inherit the stage's throttles, want a route of that key, and can be removed."""
    api_id = build.api()
    build.route(api_id, "chat")
    build.deployed(api_id)
    one = {"ApiId": api_id, "StageName": "production"}

    client.update_stage(**one, RouteSettings={"chat": {"ThrottlingRateLimit": 1.0}})
    throttles = server.store.live_stage(api_id, "production").route_throttles
    refusal("NotFoundException", "update_stage", **one, RouteSettings={"other": {"ThrottlingRateLimit": 1.0}})
    client.delete_route_settings(**one, RouteKey="chat")

    assert throttles == {"chat": Throttle(rate=1.0, burst=0)}
    assert client.get_stage(**one)["RouteSettings"] == {}
    refusal("NotFoundException", "delete_route_settings", **one, RouteKey="chat")


def test_stage_settings_are_live_at_once(client, build, server):
    """Throttles, variables and the access log need no deployment."""
    api_id = build.api()
    build.route(api_id)
    build.deployed(api_id)

    client.update_stage(
        ApiId=api_id, StageName="production", StageVariables={"host": "example.com"}, AccessLogSettings=LOG
    )

    stage = server.store.live_stage(api_id, "production")
    assert stage.stage_variables == {"host": "example.com"}
    assert stage.access_log_format == LOG["Format"]


def test_stage_variables_merge(client, build):
    """update_stage adds and changes variables and removes those sent empty."""
    api_id = build.api()
    client.create_stage(ApiId=api_id, StageName="production", StageVariables={"kept": "1", "gone": "2"})

    client.update_stage(ApiId=api_id, StageName="production", StageVariables={"gone": "", "new": "3"})

    variables = client.get_stage(ApiId=api_id, StageName="production")["StageVariables"]
    assert variables == {"kept": "1", "new": "3"}


def test_access_log_can_be_turned_off(client, build, server):
    """delete_access_log_settings removes them."""
    api_id = build.api()
    client.create_stage(ApiId=api_id, StageName="production", AccessLogSettings=LOG)

    client.delete_access_log_settings(ApiId=api_id, StageName="production")

    assert "AccessLogSettings" not in client.get_stage(ApiId=api_id, StageName="production")
    assert server.store.live_stage(api_id, "production").access_log_format == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"StageName": "with space"},
        {"StageName": "$default"},
        {"StageName": "s" * 129},
        {"StageVariables": {"x": "with space"}},
        {"StageVariables": {"x-y": "1"}},
        {"StageVariables": {"x": "1" * 513}},
        {"StageVariables": {f"x{n}": "1" for n in range(101)}},
        {"ClientCertificateId": "abc"},
        {"DefaultRouteSettings": {"ThrottlingRateLimit": -1.0}},
        {"DefaultRouteSettings": {"ThrottlingRateLimit": 2.0**31}},
        {"DefaultRouteSettings": {"ThrottlingBurstLimit": 10**400}},
        {"DefaultRouteSettings": {"LoggingLevel": "DEBUG"}},
        {"AccessLogSettings": {"Format": "$context.requestId"}},
        {"AccessLogSettings": LOG | {"Format": "$context.routeKey"}},
        {"AccessLogSettings": LOG | {"Format": "$context.requestId\n$context.routeKey"}},
        {"AccessLogSettings": LOG | {"Format": "$context.requestId" + " " * 1024}},
        {"Tags": {"aws:reserved": "x"}},
    ],
)
def test_impossible_stages_are_refused(client, build, refusal, changes):
    """A stage that breaks AWS's rules is refused, and not made."""
    api_id = build.api()

    refusal("BadRequestException", "create_stage", ApiId=api_id, **{"StageName": "production"} | changes)

    assert client.get_stages(ApiId=api_id)["Items"] == []


def test_unknown_deployment_is_refused(client, build, refusal):
    """A stage cannot point at a deployment that is not there."""
    api_id = build.api()

    refusal("NotFoundException", "create_stage", ApiId=api_id, StageName="production", DeploymentId="abc123")

    assert client.get_stages(ApiId=api_id)["Items"] == []


def test_stage_names_are_unique_within_an_api(client, build, refusal):
    """A second stage of a name is a conflict in the same API and none in another."""
    api_id = build.api()
    client.create_stage(ApiId=api_id, StageName="production")

    message = refusal("ConflictException", "create_stage", ApiId=api_id, StageName="production")
    client.create_stage(ApiId=build.api(), StageName="production")

    assert message == "Stage already exists"


def test_quota(client, build, refusal):
    """An API holds ten stages."""
    api_id = build.api()
    for number in range(10):
        client.create_stage(ApiId=api_id, StageName=f"stage{number}")

    assert "10" in refusal("BadRequestException", "create_stage", ApiId=api_id, StageName="one_more")


def test_mapped_stage_cannot_be_deleted(client, build, refusal):
    """delete_stage is a conflict while a custom domain is mapped to the stage."""
    api_id = build.api()
    client.create_stage(ApiId=api_id, StageName="production")
    client.create_stage(ApiId=api_id, StageName="staging")
    client.create_api_mapping(DomainName=build.domain(), ApiId=api_id, Stage="production")

    message = refusal("ConflictException", "delete_stage", ApiId=api_id, StageName="production")
    client.delete_stage(ApiId=api_id, StageName="staging")

    assert "ws.example.com" in message
    refusal("NotFoundException", "get_stage", ApiId=api_id, StageName="staging")


def test_stages_of_one_name_are_all_found(client, build, server):
    """The data plane can ask for every stage of a name."""
    first, second = build.api(), build.api()
    for api_id in (first, second):
        client.create_stage(ApiId=api_id, StageName="production")
    client.create_stage(ApiId=first, StageName="staging")

    assert {stage.api_id for stage in server.store.stages_named("production")} == {first, second}
    assert [stage.api_id for stage in server.store.stages_named("staging")] == [first]
    assert server.store.live_stage(second, "staging") is None
    assert server.store.live_stage("nowhere", "production") is None
