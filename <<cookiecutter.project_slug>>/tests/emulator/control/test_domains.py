"""Custom domain names and api mappings, as an unmodified boto3 client and the data plane see them."""

import pytest

CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/6d2f0a1e-3f4b-4c5d-8e9f-0123456789ab"
CONFIGURATION = {"CertificateArn": CERTIFICATE, "EndpointType": "REGIONAL", "SecurityPolicy": "TLS_1_2"}


@pytest.fixture
def stage(client, build) -> dict[str, str]:
    """A stage to map to."""
    api_id = build.api()
    client.create_stage(ApiId=api_id, StageName="production")
    return {"ApiId": api_id, "Stage": "production"}


def test_created_domain_says_where_to_point_the_alias(server):
    """create_domain_name answers AVAILABLE with the target and hosted zone of an alias record, in the client's region."""
    client = server.client(region="eu-west-1")

    domain = client.create_domain_name(DomainName="ws.example.com", DomainNameConfigurations=[CONFIGURATION])

    configuration = domain["DomainNameConfigurations"][0]
    assert configuration["ApiGatewayDomainName"].endswith(".execute-api.eu-west-1.amazonaws.com")
    assert configuration["HostedZoneId"]
    assert (configuration["DomainNameStatus"], configuration["IpAddressType"]) == ("AVAILABLE", "ipv4")
    assert domain["ApiMappingSelectionExpression"] == "$request.basepath"
    got = client.get_domain_name(DomainName="ws.example.com")
    assert got | {"ResponseMetadata": None} == domain | {"ResponseMetadata": None}


def test_domain_names_are_unique(build, refusal):
    """A second domain of a name is a conflict."""
    name = build.domain()

    refusal("ConflictException", "create_domain_name", DomainName=name, DomainNameConfigurations=[CONFIGURATION])


def test_update_merges_the_configuration(client, build):
    """update_domain_name changes what was sent and keeps the target."""
    name = build.domain()
    before = client.get_domain_name(DomainName=name)["DomainNameConfigurations"][0]

    client.update_domain_name(DomainName=name, DomainNameConfigurations=[{"IpAddressType": "dualstack"}])

    after = client.get_domain_name(DomainName=name)["DomainNameConfigurations"][0]
    assert after == before | {"IpAddressType": "dualstack"}


@pytest.mark.parametrize(
    "changes",
    [
        {"DomainName": "not a host"},
        {"DomainName": "localhost"},
        {"DomainName": "-x.example.com"},
        {"DomainName": ("a" * 63 + ".") * 4 + "com"},
        {"DomainNameConfigurations": []},
        {"DomainNameConfigurations": [CONFIGURATION, CONFIGURATION]},
        {"DomainNameConfigurations": [{}]},
        {"DomainNameConfigurations": [CONFIGURATION | {"CertificateArn": "x"}]},
        {"DomainNameConfigurations": [CONFIGURATION | {"EndpointType": "EDGE"}]},
        {"DomainNameConfigurations": [CONFIGURATION | {"SecurityPolicy": "TLS_1_0"}]},
        {"MutualTlsAuthentication": {"TruststoreUri": "s3://bucket/file"}},
        {"RoutingMode": "ROUTING_RULE_ONLY"},
        {"Tags": {"aws:reserved": "x"}},
    ],
)
def test_impossible_domains_are_refused(client, refusal, changes):
    """A domain that a WebSocket API cannot have is refused, and not made."""
    values = {"DomainName": "ws.example.com", "DomainNameConfigurations": [CONFIGURATION]}

    refusal("BadRequestException", "create_domain_name", **values | changes)

    assert client.get_domain_names()["Items"] == []


def test_domain_with_mappings_cannot_be_deleted(client, build, refusal, stage):
    """Mappings go first, then the domain."""
    name = build.domain()
    mapping_id = client.create_api_mapping(DomainName=name, **stage)["ApiMappingId"]

    refusal("BadRequestException", "delete_domain_name", DomainName=name)
    client.delete_api_mapping(DomainName=name, ApiMappingId=mapping_id)
    client.delete_domain_name(DomainName=name)

    refusal("NotFoundException", "get_domain_name", DomainName=name)
    refusal("NotFoundException", "get_api_mappings", DomainName=name)


def test_mapping_leads_to_its_stage(client, build, server, stage):
    """The data plane finds a stage by domain and mapping key, with and without a key, and on a wildcard domain."""
    name = build.domain()
    client.create_api_mapping(DomainName=name, **stage)
    client.create_api_mapping(DomainName=name, **stage, ApiMappingKey="chat/v1")
    client.create_api_mapping(DomainName=build.domain("*.example.org"), **stage)
    store = server.store

    assert store.mapped_stage(name, "").api_id == stage["ApiId"]
    assert store.mapped_stage(name, "chat/v1").stage_name == "production"
    assert store.mapped_stage("any.example.org", "").api_id == stage["ApiId"]
    assert store.mapped_stage(name, "other") is None
    assert store.mapped_stage("example.org", "") is None


def test_one_mapping_per_key(client, build, refusal, stage):
    """A key can be mapped once, and none counts as a key; update cannot take another mapping's key."""
    name = build.domain()
    client.create_api_mapping(DomainName=name, **stage)
    other = client.create_api_mapping(DomainName=name, **stage, ApiMappingKey="chat")["ApiMappingId"]

    refusal("ConflictException", "create_api_mapping", DomainName=name, **stage)
    refusal("ConflictException", "create_api_mapping", DomainName=name, **stage, ApiMappingKey="chat")
    refusal(
        "ConflictException",
        "update_api_mapping",
        DomainName=name,
        ApiMappingId=other,
        ApiId=stage["ApiId"],
        ApiMappingKey="",
    )


def test_mapping_can_be_moved_to_another_stage(client, build, stage):
    """update_api_mapping changes what was sent and keeps the key."""
    name = build.domain()
    client.create_stage(ApiId=stage["ApiId"], StageName="staging")
    mapping_id = client.create_api_mapping(DomainName=name, **stage, ApiMappingKey="chat")["ApiMappingId"]

    client.update_api_mapping(DomainName=name, ApiMappingId=mapping_id, ApiId=stage["ApiId"], Stage="staging")

    got = client.get_api_mapping(DomainName=name, ApiMappingId=mapping_id)
    assert (got["Stage"], got["ApiMappingKey"]) == ("staging", "chat")


@pytest.mark.parametrize("changes", [{"Stage": "unknown"}, {"ApiId": "unknown"}])
def test_mapping_to_nothing_is_refused(build, refusal, stage, changes):
    """An unknown API or stage is not found."""
    refusal("NotFoundException", "create_api_mapping", DomainName=build.domain(), **stage | changes)


@pytest.mark.parametrize("key", ["with space", "/chat", "chat/", "a//b", "k" * 301, "ü"])
def test_impossible_mapping_keys_are_refused(build, refusal, stage, key):
    """A mapping key has letters, digits, single slashes inside and $-_.+!*'() only."""
    refusal("BadRequestException", "create_api_mapping", DomainName=build.domain(), **stage, ApiMappingKey=key)


@pytest.mark.parametrize("operation", ["get_api_mapping", "delete_api_mapping"])
def test_unknown_mappings(build, refusal, operation):
    """An unknown domain and an unknown mapping are not found."""
    refusal("NotFoundException", operation, DomainName="nowhere.example.com", ApiMappingId="abc")
    refusal("NotFoundException", operation, DomainName=build.domain(), ApiMappingId="abc")
