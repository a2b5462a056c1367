"""Routes and route responses, as an unmodified boto3 client sees them."""

from concurrent.futures import ThreadPoolExecutor

import pytest


def test_created_route_is_answered_in_full(client, build):
    """create_route fills in AWS's defaults, and get_route agrees."""
    api_id = build.api()
    integration_id = build.integration(api_id)

    route = client.create_route(
        ApiId=api_id,
        RouteKey="$connect",
        Target=f"integrations/{integration_id}",
        RequestParameters={"route.request.querystring.channel": {"Required": True}},
    )

    assert (route["AuthorizationType"], route["ApiKeyRequired"]) == ("NONE", False)
    assert route["RequestParameters"] == {"route.request.querystring.channel": {"Required": True}}
    got = client.get_route(ApiId=api_id, RouteId=route["RouteId"])
    assert got | {"ResponseMetadata": None} == route | {"ResponseMetadata": None}


def test_route_keys_are_unique(client, build, refusal):
    """A second route of the same key is a conflict, by create and by update; a route does not conflict with itself."""
    api_id = build.api()
    build.route(api_id, "$connect")
    other = build.route(api_id, "chat")

    message = refusal("ConflictException", "create_route", ApiId=api_id, RouteKey="$connect")
    refusal("ConflictException", "update_route", ApiId=api_id, RouteId=other, RouteKey="$connect")
    client.update_route(ApiId=api_id, RouteId=other, RouteKey="chat", OperationName="Chat")

    assert message == "Route with key $connect already exists for this API"


def test_of_many_at_once_one_makes_the_route(server, build):
    """Eight clients that create one route at the same time make it once; the others meet a conflict."""
    api_id = build.api()
    clients = [server.client() for _ in range(8)]

    def create(client) -> bool:
        try:
            client.create_route(ApiId=api_id, RouteKey="chat")
        except client.exceptions.ConflictException:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(create, clients))

    assert sorted(made) == [False] * 7 + [True]
    assert len(server.store.state.apis[api_id].routes) == 1


@pytest.mark.parametrize("key", ["$connect", "$disconnect", "$default", "chat_message", "a/b", "x" * 128])
def test_route_keys(client, build, key):
    """Built-in and ordinary route keys are taken."""
    api_id = build.api()

    assert client.get_route(ApiId=api_id, RouteId=build.route(api_id, key))["RouteKey"] == key


@pytest.mark.parametrize(
    "changes",
    [
        {"RouteKey": "$custom"},
        {"RouteKey": ""},
        {"RouteKey": "x" * 129},
        {"Target": "integrations/unknown"},
        {"Target": "unknown"},
        {"AuthorizationType": "AWS_IAM"},
        {"AuthorizationType": "JWT"},
        {"AuthorizerId": "abc"},
        {"AuthorizationScopes": ["email"]},
        {"ApiKeyRequired": True},
        {"RequestModels": {"$default": "Model"}},
        {"ModelSelectionExpression": "$request.body.type"},
        {"RouteResponseSelectionExpression": "$response.body"},
        {"RequestParameters": {"integration.request.header.X": {"Required": False}}},
    ],
)
def test_impossible_routes_are_refused(client, build, refusal, changes):
    """A dangling target, a key or an option that is not allowed: refused, and nothing is made."""
    api_id = build.api()

    refusal("BadRequestException", "create_route", ApiId=api_id, **{"RouteKey": "chat"} | changes)

    assert client.get_routes(ApiId=api_id)["Items"] == []


def test_update_merges(client, build):
    """update_route leaves what was not sent; an empty response selection expression makes the route one-way."""
    api_id = build.api()
    target = f"integrations/{build.integration(api_id)}"
    route_id = build.route(api_id, "chat", Target=target, RouteResponseSelectionExpression="$default")

    client.update_route(ApiId=api_id, RouteId=route_id, RouteResponseSelectionExpression="")

    route = client.get_route(ApiId=api_id, RouteId=route_id)
    assert route["Target"] == target
    assert "RouteResponseSelectionExpression" not in route


def test_request_parameters_are_removed_one_by_one(client, build, refusal):
    """delete_route_request_parameter removes a single declared parameter."""
    api_id = build.api()
    kept, removed = "route.request.header.Origin", "route.request.querystring.channel"
    route_id = build.route(
        api_id, "$connect", RequestParameters={kept: {"Required": False}, removed: {"Required": True}}
    )

    client.delete_route_request_parameter(ApiId=api_id, RouteId=route_id, RequestParameterKey=removed)

    assert set(client.get_route(ApiId=api_id, RouteId=route_id)["RequestParameters"]) == {kept}
    refusal(
        "NotFoundException",
        "delete_route_request_parameter",
        ApiId=api_id,
        RouteId=route_id,
        RequestParameterKey=removed,
    )


def test_quota(build, refusal, server):
    """An API holds 300 routes."""
    api_id = build.api()
    api = server.store.state.apis[api_id]
    record = api.routes[build.route(api_id)]
    api.routes.update({f"copy{n}": record for n in range(299)})

    assert "300" in refusal("BadRequestException", "create_route", ApiId=api_id, RouteKey="one_more")


@pytest.mark.parametrize("operation", ["get_route", "update_route", "delete_route", "get_route_responses"])
def test_unknown_routes(build, refusal, operation):
    """An unknown API and an unknown route are not found."""
    refusal("NotFoundException", operation, ApiId="nowhere", RouteId="abc")
    refusal("NotFoundException", operation, ApiId=build.api(), RouteId="abc")


def test_route_response_lives_with_its_route(client, build, refusal):
    """Create, get, list, update and delete a route response."""
    api_id = build.api()
    ids = {"ApiId": api_id, "RouteId": build.route(api_id)}

    made = client.create_route_response(**ids, RouteResponseKey="$default")
    one = ids | {"RouteResponseId": made["RouteResponseId"]}

    assert client.get_route_response(**one)["RouteResponseKey"] == "$default"
    assert [item["RouteResponseId"] for item in client.get_route_responses(**ids)["Items"]] == [made["RouteResponseId"]]
    assert client.update_route_response(**one, RouteResponseKey="$default")["RouteResponseKey"] == "$default"
    client.delete_route_response(**one)
    refusal("NotFoundException", "get_route_response", **one)
    refusal("NotFoundException", "delete_route_response", **one)


def test_one_route_response_per_key(client, build, refusal):
    """A second `$default` route response is a conflict, and any other key is refused."""
    api_id = build.api()
    ids = {"ApiId": api_id, "RouteId": build.route(api_id)}
    client.create_route_response(**ids, RouteResponseKey="$default")

    refusal("ConflictException", "create_route_response", **ids, RouteResponseKey="$default")
    refusal("BadRequestException", "create_route_response", **ids, RouteResponseKey="200")


def test_models_of_route_responses_are_not_emulated(build, refusal):
    """Response models belong to non-proxy integrations."""
    api_id = build.api()

    message = refusal(
        "BadRequestException",
        "create_route_response",
        ApiId=api_id,
        RouteId=build.route(api_id),
        RouteResponseKey="$default",
        ResponseModels={"$default": "Model"},
    )

    assert "not emulated" in message


def test_responses_go_with_their_route(client, build, server):
    """Deleting a route leaves no responses behind."""
    api_id = build.api()
    route_id = build.route(api_id)
    client.create_route_response(ApiId=api_id, RouteId=route_id, RouteResponseKey="$default")

    client.delete_route(ApiId=api_id, RouteId=route_id)

    assert server.store.state.apis[api_id].route_responses == {}


@pytest.mark.parametrize("expression", [True, False])
@pytest.mark.parametrize("response", [True, False])
def test_two_way_needs_expression_and_response(client, build, server, expression, response):
    """A deployed route is two-way only with both the response selection expression and a route response."""
    api_id = build.api()
    options = {"RouteResponseSelectionExpression": "$default"} if expression else {}
    route_id = build.route(api_id, "chat", **options)
    if response:
        client.create_route_response(ApiId=api_id, RouteId=route_id, RouteResponseKey="$default")

    build.deployed(api_id)

    assert server.store.live_stage(api_id, "production").routes["chat"].two_way is (expression and response)


def test_declared_parameters_reach_the_data_plane(build, server):
    """A deployed route knows which parameters were declared, and which of them are required."""
    api_id = build.api()
    declared = {
        "route.request.header.Origin": {"Required": False},
        "route.request.querystring.channel": {"Required": True},
    }
    build.route(api_id, "$connect", RequestParameters=declared)

    build.deployed(api_id)

    route = server.store.live_stage(api_id, "production").routes["$connect"]
    assert route.request_parameters == {
        "route.request.header.Origin": False,
        "route.request.querystring.channel": True,
    }
    assert route.integration is None
