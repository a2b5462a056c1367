"""What is not emulated, and requests that no SDK would send."""

import json
import re
import urllib.error
import urllib.request
from typing import Any

import pytest
from aiohttp import web
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import ServiceModel

from emulator.control.operations import DEPLOYABLE, OPERATIONS
from emulator.store import Store

from .conftest import serving

MODEL = ServiceModel(Loader().load_service_model("apigatewayv2", "service-2"), "apigatewayv2")


def send(url: str, *, method: str = "GET", body: bytes | None = None) -> tuple[int, str, Any]:
    """Status, error type and JSON of the answer to a bare request."""
    request = urllib.request.Request(url, data=body, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, "", json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, error.headers["x-amzn-ErrorType"], json.loads(error.read())


@pytest.mark.parametrize("name", sorted(set(MODEL.operation_names) - set(OPERATIONS)))
def test_every_other_operation_says_that_it_is_not_emulated(server, name):
    """Authorizers, models, VPC links, portals and the rest answer a BadRequestException that says so."""
    http = MODEL.operation_model(name).http
    path = re.sub(r"\{[^}]*\}", "x", http["requestUri"])

    status, error_type, answer = send(server.url + path, method=http["method"])

    assert (status, error_type) == (400, "BadRequestException")
    assert answer["message"].startswith(f"{name} is not emulated")


def test_tables_name_real_operations():
    """Every name in the tables of operations is one of AWS's."""
    assert set(OPERATIONS) | DEPLOYABLE <= set(MODEL.operation_names)


@pytest.mark.parametrize("method_and_path", ["GET /v2/", "GET /v2/nothing", "PATCH /v2/apis", "POST /v2/apis/a/b/c/d"])
def test_unknown_paths(server, method_and_path):
    """What is no operation is answered as an unsigned request is on AWS."""
    method, path = method_and_path.split()

    status, error_type, answer = send(server.url + path, method=method)

    assert (status, error_type) == (403, "MissingAuthenticationTokenException")
    assert answer == {"message": "Missing Authentication Token"}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"\xff\xfe",
        b'{"name": NaN}',
        b"[" * 100_000,
        b'{"name": "chat", "protocolType": "WEBSOCKET", "routeSelectionExpression": 1}',
        b'{"name": ' + b"9" * 5000 + b"}",
        b'{"name": "\\ud800", "protocolType": "WEBSOCKET", "routeSelectionExpression": "x"}',
        b'{"name": "chat", "protocolType": "WEBSOCKET", "routeSelectionExpression": "x", "tags": []}',
        b'{"name": "chat", "protocolType": "WEBSOCKET", "routeSelectionExpression": "x", "disableExecuteApiEndpoint": 1}',
        b'{"protocolType": "WEBSOCKET", "routeSelectionExpression": "x"}',
        b'{"name": null, "protocolType": "WEBSOCKET", "routeSelectionExpression": "x"}',
        b"",
    ],
)
def test_impossible_bodies(server, body):
    """A body of the wrong shape is a BadRequestException with a sentence, and makes nothing."""
    status, error_type, answer = send(f"{server.url}/v2/apis", method="POST", body=body)

    assert (status, error_type) == (400, "BadRequestException")
    assert answer["message"].endswith(".")
    assert server.store.state.apis == {}


def test_oversized_body(server):
    """A body beyond what the server reads is refused as such."""
    status, error_type, _ = send(f"{server.url}/v2/apis", method="POST", body=b" " * (2 * 1024 * 1024))

    assert (status, error_type) == (413, "RequestEntityTooLargeException")


def test_members_that_aws_does_not_know_are_ignored(server):
    """An unknown member of a body does not matter."""
    body = {"name": "chat", "protocolType": "WEBSOCKET", "routeSelectionExpression": "x", "colour": {"deep": []}}

    status, _, answer = send(f"{server.url}/v2/apis", method="POST", body=json.dumps(body).encode())

    assert status == 201
    assert "colour" not in answer


def test_authorize_is_asked_first():
    """A request that `authorize` answers goes no further, whatever it holds."""

    async def deny(request: web.Request) -> web.Response:
        message = f"{request.method} is not allowed"
        return web.json_response(
            {"message": message}, status=403, headers={"x-amzn-ErrorType": "AccessDeniedException"}
        )

    with serving(Store(), authorize=deny) as server, pytest.raises(ClientError, match="POST is not allowed") as caught:
        server.client().create_api(Name="chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="x")

    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
    assert server.store.state.apis == {}


def test_authorize_lets_through():
    """A request that `authorize` does not answer is served."""

    async def allow(request: web.Request) -> None:
        await request.read()

    with serving(Store(), authorize=allow) as server:
        created = server.client().create_api(Name="chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="x")

    assert created["ApiId"] in server.store.state.apis
