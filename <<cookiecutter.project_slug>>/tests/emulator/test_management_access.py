"""`@connections`: at which addresses, and for whose signature (AWS facts 6.1 and 6.2)."""

import http.client
import json
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from emulator.switches import Switches
from gateway.testing.emulator import RunningEmulator, running_emulator
from tests.emulator.backend import Backend
from tests.emulator.conftest import UNKNOWN, management_client, management_error
from tests.emulator.stages import API_ID, STAGE, Stages, route, stage_of


def test_stage_path(emulator: RunningEmulator, connection_id: str) -> None:
    """AWS facts 6.1: `/{stage}/@connections/{id}` works while one API has that stage."""
    found = management_client(f"{emulator.url}/{STAGE}").get_connection(ConnectionId=connection_id)

    assert found["Identity"]["SourceIp"] == "127.0.0.1"


def test_unknown_stage(emulator: RunningEmulator, connection_id: str) -> None:
    """A stage that does not exist is answered with 403."""
    status, code, _ = management_error(
        management_client(f"{emulator.url}/nowhere").get_connection, ConnectionId=connection_id
    )

    assert (status, code) == (403, "ForbiddenException")


def test_disabled_default_endpoint(stages: Stages, management: Any, connection_id: str, backend: Backend) -> None:
    """AWS facts 6.1: with the default endpoint disabled, callbacks must use the custom domain."""
    stages.add(stage_of(route("$connect", backend.url), execute_api_disabled=True))

    assert management_error(management.get_connection, ConnectionId=connection_id)[0] == 403


def signed_request(emulator: RunningEmulator, path: str, *, method: str = "GET", host: str = "") -> tuple[int, bytes]:
    """A request signed by botocore, sent as it is."""
    request = AWSRequest(method=method, url=f"http://{host or f'127.0.0.1:{emulator.port}'}{path}")
    SigV4Auth(Credentials("local", "local"), "execute-api", "eu-central-1").add_auth(request)
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=5)
    headers = {**dict(request.headers), **({"Host": host} if host else {})}
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_encoded_at_sign(emulator: RunningEmulator, connection_id: str) -> None:
    """AWS facts, unsure 28: `%40connections` is the same as `@connections`."""
    path = f"/{STAGE}/%40connections/{connection_id.replace('=', '%3D')}"

    assert signed_request(emulator, path)[0] == 200


def test_custom_domain(stages: Stages, emulator: RunningEmulator, connection_id: str) -> None:
    """AWS facts 6.1: on a custom domain the path has no stage, but the mapping key if there is one."""
    stage = stages.stages[API_ID, STAGE]
    stages.domains["ws.example.com", ""] = stage
    stages.domains["ws.example.com", "chat"] = stage
    encoded = connection_id.replace("=", "%3D")

    assert signed_request(emulator, f"/@connections/{encoded}", host="ws.example.com")[0] == 200
    assert signed_request(emulator, f"/chat/@connections/{encoded}", host="ws.example.com")[0] == 200


def test_path_that_fits_nothing(emulator: RunningEmulator) -> None:
    """AWS facts 6.1: another path below `@connections` is no method of the API."""
    status, body = signed_request(emulator, f"/{STAGE}/@connections/a/b", method="POST")

    assert status == 404
    assert json.loads(body)["message"] == "No method found matching route @connections/a/b for http method POST"


def test_error_type_header(emulator: RunningEmulator) -> None:
    """AWS facts 6.1: SDKs learn the error's class from the header `x-amzn-ErrorType`."""
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=5)
    connection.request("GET", f"/{STAGE}/@connections/{UNKNOWN}")
    answer = connection.getresponse()

    assert (answer.status, answer.getheader("x-amzn-ErrorType")) == (403, "ForbiddenException")
    assert json.loads(answer.read()) == {"message": "Missing Authentication Token"}


def test_wrong_secret(emulator: RunningEmulator, connection_id: str) -> None:
    """AWS facts 6.2: a wrong signature is answered with 403."""
    client = management_client(f"{emulator.url}/{STAGE}", aws_secret_access_key="wrong")

    status, code, message = management_error(client.get_connection, ConnectionId=connection_id)

    assert (status, code) == (403, "ForbiddenException")
    assert message.startswith("The request signature we calculated does not match")


def test_unknown_access_key(emulator: RunningEmulator, connection_id: str) -> None:
    """Keys that the emulator does not know pass if they sign at all: a laptop's own credentials do not matter."""
    client = management_client(f"{emulator.url}/{STAGE}", aws_access_key_id="AKIAIOSFODNN7EXAMPLE")

    assert client.get_connection(ConnectionId=connection_id)["Identity"]["SourceIp"] == "127.0.0.1"


def test_unknown_access_key_by_switch(stages: Stages) -> None:
    """By a switch unknown keys are refused."""
    with running_emulator(store=stages, switches=Switches(strict_signatures=True)) as emulator:
        client = management_client(f"{emulator.url}/{STAGE}", aws_access_key_id="AKIAIOSFODNN7EXAMPLE")

        assert management_error(client.get_connection, ConnectionId=UNKNOWN)[:2] == (403, "ForbiddenException")


def test_any_region(emulator: RunningEmulator, connection_id: str) -> None:
    """The emulator is in every region."""
    client = management_client(f"{emulator.url}/{STAGE}", region_name="ap-southeast-2")

    assert client.get_connection(ConnectionId=connection_id)["Identity"]["SourceIp"] == "127.0.0.1"
