"""Lists come in pages, as on AWS."""

import pytest


@pytest.fixture
def full(client, build) -> dict[str, str]:
    """An API with more of everything than fits on a page of two."""
    api_id = build.api()
    for number in range(5):
        build.integration(api_id)
        build.route(api_id, f"route{number}")
        build.domain(f"ws{number}.example.com")
    for number in range(5):
        build.deployed(api_id, f"stage{number}")
        build.api()
        client.create_api_mapping(
            DomainName="ws0.example.com", ApiId=api_id, Stage="stage0", ApiMappingKey=f"key{number}"
        )
    return {"ApiId": api_id}


@pytest.mark.parametrize(
    ("operation", "total"),
    [("get_integrations", 5), ("get_routes", 5), ("get_deployments", 5), ("get_stages", 5), ("get_apis", 6)],
)
def test_paginators_collect_everything_once(client, full, operation, total):
    """botocore's own paginators see every resource exactly once, over several pages."""
    parameters = {} if operation == "get_apis" else full

    pages = list(client.get_paginator(operation).paginate(**parameters, PaginationConfig={"PageSize": 2}))

    items = [str(item) for page in pages for item in page["Items"]]
    assert [len(page["Items"]) for page in pages] == [2] * (total // 2) + [total % 2] * (total % 2)
    assert len(set(items)) == total


@pytest.mark.parametrize(
    ("operation", "parameters"), [("get_api_mappings", {"DomainName": "ws0.example.com"}), ("get_domain_names", {})]
)
def test_lists_are_paged_by_hand_too(client, full, operation, parameters):
    """NextToken leads from page to page and is absent on the last."""
    call = getattr(client, operation)

    first = call(**parameters, MaxResults="3")
    second = call(**parameters, MaxResults="3", NextToken=first["NextToken"])

    assert (len(first["Items"]), len(second["Items"])) == (3, 2)
    assert "NextToken" not in second


def test_a_page_without_max_results_ends_too(client, build):
    """Whoever does not page sees 25 resources at most."""
    for _ in range(26):
        build.api()

    answer = client.get_apis()

    assert len(answer["Items"]) == 25
    assert len(client.get_apis(NextToken=answer["NextToken"])["Items"]) == 1


def test_deletions_between_pages_lose_nothing(client, full):
    """Removing what was shown, token included, does not skip what was not."""
    first = client.get_routes(**full, MaxResults="2")
    for item in first["Items"]:
        client.delete_route(**full, RouteId=item["RouteId"])

    second = client.get_routes(**full, MaxResults="100", NextToken=first["NextToken"])

    assert len(second["Items"]) == 3


@pytest.mark.parametrize("size", ["0", "101", "-1", "many", "1.5", "", "²", "9" * 5000])
def test_impossible_page_sizes(refusal, size):
    """MaxResults is a number from 1 to 100."""
    refusal("BadRequestException", "get_apis", MaxResults=size)


@pytest.mark.parametrize("token", ["!", "abc", "/w==", "ü"])
def test_impossible_tokens(refusal, token):
    """A token that was not given out is refused."""
    refusal("BadRequestException", "get_apis", NextToken=token)
