"""Integrations, as an unmodified boto3 client sees them."""

import pytest

HEADER = "integration.request.header."


def test_created_integration_is_answered_in_full(client, build):
    """create_integration fills in AWS's defaults."""
    api_id = build.api()

    integration = client.create_integration(
        ApiId=api_id,
        IntegrationType="HTTP_PROXY",
        IntegrationMethod="POST",
        IntegrationUri="https://www.example.com/ws/",
    )

    assert integration["TimeoutInMillis"] == 29_000
    assert integration["ConnectionType"] == "INTERNET"
    assert integration["PassthroughBehavior"] == "WHEN_NO_MATCH"
    assert integration["PayloadFormatVersion"] == "1.0"
    assert integration["RequestParameters"] == {}
    assert client.get_integration(ApiId=api_id, IntegrationId=integration["IntegrationId"])["IntegrationUri"] == (
        "https://www.example.com/ws/"
    )


def test_update_merges_request_parameters(client, build):
    """update_integration adds and changes parameters, removes those sent empty, and leaves the others and the other fields."""
    api_id = build.api()
    old = {f"{HEADER}Kept": "'1'", f"{HEADER}Changed": "'2'", f"{HEADER}Removed": "'3'"}
    integration_id = build.integration(api_id, RequestParameters=old, TimeoutInMillis=50)

    answer = client.update_integration(
        ApiId=api_id,
        IntegrationId=integration_id,
        RequestParameters={f"{HEADER}Changed": "'b'", f"{HEADER}Removed": "", f"{HEADER}Added": "context.stage"},
    )

    assert answer["RequestParameters"] == {
        f"{HEADER}Kept": "'1'",
        f"{HEADER}Changed": "'b'",
        f"{HEADER}Added": "context.stage",
    }
    assert (answer["TimeoutInMillis"], answer["IntegrationMethod"]) == (50, "POST")


def test_empty_request_parameter_is_only_a_removal(build, refusal):
    """create_integration refuses a parameter without a value."""
    refusal(
        "BadRequestException",
        "create_integration",
        ApiId=build.api(),
        IntegrationType="HTTP_PROXY",
        IntegrationMethod="POST",
        IntegrationUri="http://127.0.0.1/",
        RequestParameters={f"{HEADER}X": ""},
    )


@pytest.mark.parametrize(
    "source",
    [
        "'literal'",
        "''",
        "'" + "s" * 510 + "'",
        "context.connectionId",
        "context.identity.sourceIp",
        "stageVariables.version",
        "route.request.body",
        "route.request.body.message.text",
        "route.request.header.X-Trace",
        "route.request.querystring.channel",
        "route.request.multivalueheader.Cookie",
        "route.request.multivaluequerystring.channel",
    ],
)
def test_mapping_sources(client, build, source):
    """Every documented source of a request parameter is taken."""
    integration_id = build.integration(api_id := build.api(), RequestParameters={f"{HEADER}X-Value": source})

    got = client.get_integration(ApiId=api_id, IntegrationId=integration_id)

    assert got["RequestParameters"] == {f"{HEADER}X-Value": source}


@pytest.mark.parametrize(
    "target",
    [
        "integration.request.querystring.channel",
        "integration.request.path.channel",
        f"{HEADER}Content-Length",
    ],
)
def test_mapping_targets(client, build, target):
    """Headers, query and path may be mapped; headers that fail at run time are accepted, as on AWS."""
    api_id = build.api()
    integration_id = build.integration(api_id, RequestParameters={target: "'1'"})

    assert target in client.get_integration(ApiId=api_id, IntegrationId=integration_id)["RequestParameters"]


@pytest.mark.parametrize(
    ("target", "source"),
    [
        (f"{HEADER}X Y", "'1'"),
        (HEADER, "'1'"),
        ("integration.request.body.x", "'1'"),
        ("header.X", "'1'"),
        (f"{HEADER}X", "literal"),
        (f"{HEADER}X", "'open"),
        (f"{HEADER}X", "'it's'"),
        (f"{HEADER}X", "'a\r\nInjected: b'"),
        (f"{HEADER}X", "'" + "s" * 511 + "'"),
        (f"{HEADER}X", "context."),
        (f"{HEADER}X", "method.request.header.X"),
        (f"{HEADER}X", "$request.body.x"),
    ],
)
def test_wrong_mappings_are_refused(client, build, refusal, target, source):
    """A key or value outside AWS's rules is refused on create and on update, and changes nothing."""
    api_id = build.api()
    integration_id = build.integration(api_id, RequestParameters={f"{HEADER}Kept": "'1'"})

    refusal(
        "BadRequestException",
        "update_integration",
        ApiId=api_id,
        IntegrationId=integration_id,
        RequestParameters={target: source},
    )

    got = client.get_integration(ApiId=api_id, IntegrationId=integration_id)
    assert got["RequestParameters"] == {f"{HEADER}Kept": "'1'"}


def test_a_refused_literal_is_not_repeated(build, refusal):
    """The message about a wrong literal names the header and not the value, which may be the secret."""
    message = refusal(
        "BadRequestException",
        "create_integration",
        ApiId=build.api(),
        IntegrationType="HTTP_PROXY",
        IntegrationMethod="POST",
        IntegrationUri="http://127.0.0.1/",
        RequestParameters={f"{HEADER}X-Secret": "'hush'hush'"},
    )

    assert "X-Secret" in message
    assert "hush" not in message


def test_sources_can_be_refused_on_demand(build, refusal, server):
    """A mapping that AWS may turn out to refuse can be refused here."""
    server.faults.refused_sources = {"context.disconnectReason"}
    api_id = build.api()

    message = refusal(
        "BadRequestException",
        "create_integration",
        ApiId=api_id,
        IntegrationType="HTTP_PROXY",
        IntegrationMethod="POST",
        IntegrationUri="http://127.0.0.1/",
        RequestParameters={f"{HEADER}Reason": "context.disconnectReason"},
    )

    assert "context.disconnectReason" in message


@pytest.mark.parametrize(
    "changes",
    [
        {"IntegrationType": "AWS_PROXY"},
        {"IntegrationType": "MOCK"},
        {"IntegrationType": "HTTP"},
        {"IntegrationType": "FTP"},
        {"IntegrationUri": "ftp://127.0.0.1/"},
        {"IntegrationUri": "http://"},
        {"IntegrationUri": "http://127.0.0.1/a b"},
        {"IntegrationUri": "http://127.0.0.1/" + "a" * 2048},
        {"IntegrationUri": ""},
        {"IntegrationMethod": "SEND"},
        {"TimeoutInMillis": 49},
        {"TimeoutInMillis": 29_001},
        {"TimeoutInMillis": 30_001},
        {"ConnectionType": "VPC_LINK", "ConnectionId": "abc"},
        {"PayloadFormatVersion": "2.0"},
        {"CredentialsArn": "arn:aws:iam::123456789012:role/x"},
        {"RequestTemplates": {"$default": "{}"}},
        {"ContentHandlingStrategy": "CONVERT_TO_BINARY"},
        {"TlsConfig": {"ServerNameToVerify": "example.com"}},
        {"ResponseParameters": {"200": {"header.X": "'1'"}}},
        {"Description": "d" * 1025},
    ],
)
def test_impossible_integrations_are_refused(client, build, refusal, changes):
    """What is no HTTP_PROXY integration, or breaks AWS's rules, is refused and not made."""
    api_id = build.api()
    values = {"IntegrationType": "HTTP_PROXY", "IntegrationMethod": "POST", "IntegrationUri": "http://127.0.0.1/"}

    refusal("BadRequestException", "create_integration", ApiId=api_id, **values | changes)

    assert client.get_integrations(ApiId=api_id)["Items"] == []


@pytest.mark.parametrize("missing", ["IntegrationMethod", "IntegrationUri"])
def test_http_proxy_needs_method_and_address(build, refusal, missing):
    """An HTTP_PROXY integration says whom it calls, and how."""
    values = {"IntegrationType": "HTTP_PROXY", "IntegrationMethod": "POST", "IntegrationUri": "http://127.0.0.1/"}
    del values[missing]

    refusal("BadRequestException", "create_integration", ApiId=build.api(), **values)


def test_integration_type_stays(build, refusal):
    """update_integration cannot change the type."""
    api_id = build.api()

    refusal(
        "BadRequestException",
        "update_integration",
        ApiId=api_id,
        IntegrationId=build.integration(api_id),
        IntegrationType="MOCK",
    )


def test_referenced_integration_cannot_be_deleted(client, build, refusal):
    """delete_integration names the routes that target it, and works once they are gone."""
    api_id = build.api()
    integration_id = build.integration(api_id)
    route_id = build.route(api_id, "chat", Target=f"integrations/{integration_id}")

    message = refusal("ConflictException", "delete_integration", ApiId=api_id, IntegrationId=integration_id)
    client.delete_route(ApiId=api_id, RouteId=route_id)
    client.delete_integration(ApiId=api_id, IntegrationId=integration_id)

    assert "referenced by the following Routes" in message
    assert "chat" in message
    refusal("NotFoundException", "get_integration", ApiId=api_id, IntegrationId=integration_id)


def test_quota(build, refusal, server):
    """An API holds 300 integrations."""
    api_id = build.api()
    api = server.store.state.apis[api_id]
    record = api.integrations[build.integration(api_id)]
    api.integrations.update({f"copy{n}": record for n in range(299)})

    message = refusal(
        "BadRequestException",
        "create_integration",
        ApiId=api_id,
        IntegrationType="HTTP_PROXY",
        IntegrationMethod="POST",
        IntegrationUri="http://127.0.0.1/",
    )

    assert "300" in message


def test_integration_responses_belong_to_non_proxy_integrations(client, build, refusal):
    """There are none to list or get, and making one is refused as not emulated."""
    api_id = build.api()
    ids = {"ApiId": api_id, "IntegrationId": build.integration(api_id)}

    message = refusal("BadRequestException", "create_integration_response", **ids, IntegrationResponseKey="$default")

    assert "not emulated" in message
    assert client.get_integration_responses(**ids)["Items"] == []
    refusal("NotFoundException", "get_integration_response", **ids, IntegrationResponseId="abc")
    refusal("NotFoundException", "update_integration_response", **ids, IntegrationResponseId="abc")
    refusal("NotFoundException", "delete_integration_response", **ids, IntegrationResponseId="abc")


@pytest.mark.parametrize("operation", ["get_integration", "update_integration", "delete_integration"])
def test_unknown_ids(build, refusal, operation):
    """An unknown API and an unknown integration are not found."""
    refusal("NotFoundException", operation, ApiId="nowhere", IntegrationId="abc")
    refusal("NotFoundException", operation, ApiId=build.api(), IntegrationId="abc")
