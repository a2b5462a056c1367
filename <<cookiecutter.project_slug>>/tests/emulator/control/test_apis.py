"""APIs, as an unmodified boto3 client sees them."""

import json
import urllib.request
from datetime import UTC, datetime

import pytest


def test_created_api_is_answered_in_full(client, server):
    """create_api answers everything that AWS fills in, with an address that carries the API's id."""
    api = client.create_api(Name="chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")

    api_id = api["ApiId"]
    assert len(api_id) == 10
    assert api["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert api["ApiEndpoint"] == f"ws://127.0.0.1:{server.port}/_apis/{api_id}"
    assert api["CreatedDate"] == datetime(2025, 6, 15, 15, 6, 40, tzinfo=UTC)
    assert (api["IpAddressType"], api["DisableExecuteApiEndpoint"], api["Tags"]) == ("ipv4", False, {})
    assert api["ApiKeySelectionExpression"] == "$request.header.x-api-key"


def test_endpoint_is_where_the_caller_reached_the_server(server, build):
    """ApiEndpoint follows the Host header, so that each of the server's addresses leads back to itself."""
    api_id = build.api()
    with urllib.request.urlopen(f"http://localhost:{server.port}/v2/apis/{api_id}", timeout=10) as answer:
        api = json.load(answer)

    assert api["apiEndpoint"] == f"ws://localhost:{server.port}/_apis/{api_id}"


def test_every_answer_has_a_request_id(client):
    """Answers carry an id of their own, which SDKs show."""
    first, second = client.get_apis(), client.get_apis()

    assert first["ResponseMetadata"]["RequestId"] != second["ResponseMetadata"]["RequestId"]


def test_get_answers_what_create_did(client, build):
    """get_api describes the API as create_api did."""
    created = client.create_api(
        Name="chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action", Tags={"a": "b"}
    )

    got = client.get_api(ApiId=created["ApiId"])

    assert got | {"ResponseMetadata": None} == created | {"ResponseMetadata": None}


def test_update_leaves_alone_what_was_not_sent(client, build):
    """update_api is a PATCH."""
    api_id = build.api(Description="first", Version="1")

    client.update_api(ApiId=api_id, Name="renamed", Description="")

    api = client.get_api(ApiId=api_id)
    assert (api["Name"], api["Version"], "Description" in api) == ("renamed", "1", False)


def test_deleted_api_is_not_found(client, build, refusal):
    """delete_api answers 204 and takes everything in the API along."""
    api_id = build.api()
    build.route(api_id)

    answer = client.delete_api(ApiId=api_id)

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    refusal("NotFoundException", "get_api", ApiId=api_id)
    refusal("NotFoundException", "get_routes", ApiId=api_id)
    refusal("NotFoundException", "delete_api", ApiId=api_id)


def test_names_are_not_unique(client, build):
    """Two APIs may have one name, as on AWS."""
    assert build.api() != build.api()


def test_api_cannot_go_while_a_domain_is_mapped_to_it(client, build, refusal):
    """delete_api answers 400 and names the domain while an api mapping exists."""
    api_id = build.api()
    build.route(api_id)
    build.deployed(api_id)
    domain_name = build.domain()
    client.create_api_mapping(DomainName=domain_name, ApiId=api_id, Stage="production")

    message = refusal("BadRequestException", "delete_api", ApiId=api_id)

    assert "remove all API mappings" in message
    assert domain_name in message


@pytest.mark.parametrize(
    "changes",
    [
        {"ProtocolType": "HTTP"},
        {"ProtocolType": "SOAP"},
        {"RouteSelectionExpression": ""},
        {"RouteSelectionExpression": "$body.action"},
        {"RouteSelectionExpression": "${request.body.action"},
        {"Name": "n" * 129},
        {"Name": ""},
        {"IpAddressType": "ipv6"},
        {"CorsConfiguration": {"AllowOrigins": ["*"]}},
        {"Target": "http://127.0.0.1/"},
        {"ApiKeySelectionExpression": "$request.header.key"},
        {"Tags": {"aws:reserved": "x"}},
        {"Tags": {f"key{n}": "x" for n in range(51)}},
        {"Tags": {"empty": ""}},
    ],
)
def test_impossible_apis_are_refused(client, refusal, changes):
    """create_api refuses what is no WebSocket API or breaks AWS's rules, and makes nothing."""
    values = {"Name": "chat", "ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.action"}

    refusal("BadRequestException", "create_api", **values | changes)

    assert client.get_apis()["Items"] == []


def test_route_selection_expression_is_required(refusal):
    """A WebSocket API must say how routes are selected."""
    message = refusal("BadRequestException", "create_api", Name="chat", ProtocolType="WEBSOCKET")

    assert "RouteSelectionExpression" in message


@pytest.mark.parametrize(
    "expression",
    [
        "$request.body.action",
        "$request.body.nested.action",
        "${request.body.action}",
        "${request.body.service}/${request.body.action}",
        "always",
        "\\$default",
    ],
)
def test_route_selection_expressions(client, build, expression):
    """Every documented form of route selection expression is taken."""
    api_id = build.api(RouteSelectionExpression=expression)

    assert client.get_api(ApiId=api_id)["RouteSelectionExpression"] == expression
