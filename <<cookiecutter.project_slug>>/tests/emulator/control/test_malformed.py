"""Random requests: whatever is sent, the answer is AWS's kind of refusal, and a refusal changes nothing."""

import copy
import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.control.model import match
from emulator.control.operations import OPERATIONS
from emulator.store import Store

from .conftest import Builder, ControlServer, serving
from .test_refusals import MODEL

PROFILE = settings(max_examples=150, deadline=None)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def full() -> Iterator[tuple[ControlServer, dict[str, str]]]:
    """A server with one of everything, and the ids by label of a path."""
    with serving(Store()) as server:
        build = Builder(server.client())
        api_id = build.api()
        integration_id = build.integration(api_id)
        route_id = build.route(api_id, "chat", Target=f"integrations/{integration_id}")
        response = build.client.create_route_response(ApiId=api_id, RouteId=route_id, RouteResponseKey="$default")
        deployment_id = build.deployed(api_id)
        domain_name = build.domain()
        mapping = build.client.create_api_mapping(DomainName=domain_name, ApiId=api_id, Stage="production")
        yield (
            server,
            {
                "apiId": api_id,
                "integrationId": integration_id,
                "routeId": route_id,
                "routeResponseId": response["RouteResponseId"],
                "deploymentId": deployment_id,
                "stageName": "production",
                "domainName": domain_name,
                "apiMappingId": mapping["ApiMappingId"],
                "resource-arn": f"arn:aws:apigateway:us-east-1::/apis/{api_id}",
                "routeKey": "chat",
            },
        )


@st.composite
def bodies(draw: st.DrawFn, name: str) -> Any:
    """Bodies with some of the operation's own members, holding anything."""
    shape = MODEL.operation_model(name).input_shape
    wire = [member.serialization.get("name", key) for key, member in shape.members.items()]
    return draw(st.dictionaries(st.sampled_from(wire) | st.text(max_size=8), json_values, max_size=6) | json_values)


def answer_to(url: str, method: str, body: bytes) -> tuple[int, Any]:
    """Status and JSON of an answer."""
    request = urllib.request.Request(url, data=body, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


WRITES = [name for name in OPERATIONS if MODEL.operation_model(name).http["method"] in {"POST", "PATCH"}]


@PROFILE
@given(data=st.data())
def test_random_bodies_never_break_the_server(full, data):
    """Every write answers 2xx or a refusal with a message to a random body, and a refused write leaves no trace."""
    server, labels = full
    name = data.draw(st.sampled_from(WRITES))
    http = MODEL.operation_model(name).http
    path = re.sub(r"\{([^}]*)\}", lambda label: quote(labels.get(label[1], "x"), safe=""), http["requestUri"])
    before = copy.deepcopy(server.store.state)

    status, answer = answer_to(server.url + path, http["method"], json.dumps(data.draw(bodies(name))).encode())

    assert status < 500
    if status >= 400:
        assert answer["message"]
        assert server.store.state == before
    server.store.state = before


@PROFILE
@given(
    method=st.sampled_from(["GET", "POST", "PATCH", "PUT", "DELETE"]),
    segments=st.lists(st.text(max_size=12), max_size=6),
    query=st.dictionaries(
        st.sampled_from(["maxResults", "nextToken", "tagKeys"]) | st.text(max_size=5), st.text(max_size=12)
    ),
    body=st.binary(max_size=64),
)
def test_random_requests_never_break_the_server(full, method, segments, query, body):
    """Any method, path, query and body gets an answer below 500."""
    server, _ = full
    path = "/".join(quote(segment, safe="") for segment in segments)
    search = "&".join(f"{quote(key)}={quote(value)}" for key, value in query.items())

    status, _ = answer_to(f"{server.url}/v2/apis/{path}?{search}", method, body)

    assert status < 500


@PROFILE
@given(data=st.data())
def test_labels_come_back_as_they_were_sent(data):
    """Whatever is in a label, percent-encoding carries it through."""
    name = data.draw(st.sampled_from(sorted(OPERATIONS)))
    http = MODEL.operation_model(name).http
    labels = re.findall(r"\{([^}]*)\}", http["requestUri"])
    values = {label: data.draw(st.text(st.characters(exclude_categories=["Cs"]), min_size=1)) for label in labels}
    path = re.sub(r"\{([^}]*)\}", lambda label: quote(values[label[1]], safe=""), http["requestUri"])

    found = match(http["method"], path)

    assert found is not None
    assert (found.operation.name, found.labels) == (name, values)
