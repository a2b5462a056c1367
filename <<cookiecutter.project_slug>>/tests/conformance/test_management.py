"""`@connections`, by unmodified boto3. The numbers are rows of the fidelity table."""

from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore import UNSIGNED
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conformance.target import Api, Socket, Target

Dial = Callable[..., Socket]
NEVER_CONNECTED = "JC1dgf9yoAMCK-g="


def status_of(answer: dict[str, Any]) -> int:
    status: int = answer["ResponseMetadata"]["HTTPStatusCode"]
    return status


def test_post(dial: Dial, management: Any) -> None:
    """Row 95."""
    socket = dial()
    answer = management.post_to_connection(ConnectionId=socket.connection_id, Data="grüß dich")

    assert status_of(answer) == 200
    assert socket.client.recv(timeout=20) == "grüß dich"


def test_get(dial: Dial, management: Any) -> None:
    """Rows 95 and 96."""
    socket = dial()
    answer = management.get_connection(ConnectionId=socket.connection_id)

    assert status_of(answer) == 200
    assert answer["Identity"]["UserAgent"] == "Conformance/1"
    assert answer["Identity"]["SourceIp"] == socket.connected.header("X-Conformance-Source-Ip")
    assert answer["ConnectedAt"] <= answer["LastActiveAt"]


def test_delete(dial: Dial, management: Any) -> None:
    """Row 95."""
    assert status_of(management.delete_connection(ConnectionId=dial().connection_id)) == 204


@pytest.mark.parametrize("operation", ["get_connection", "delete_connection"])
def test_gone(management: Any, operation: str) -> None:
    """Row 97."""
    with pytest.raises(management.exceptions.GoneException):
        getattr(management, operation)(ConnectionId=NEVER_CONNECTED)


def test_post_to_nobody(management: Any) -> None:
    """Rows 97 and 106: boto3 knows the error by its class."""
    with pytest.raises(management.exceptions.GoneException) as refused:
        management.post_to_connection(ConnectionId=NEVER_CONNECTED, Data=b"hello")

    assert status_of(refused.value.response) == 410


def test_post_too_large(dial: Dial, management: Any) -> None:
    """Row 99."""
    with pytest.raises(management.exceptions.PayloadTooLargeException):
        management.post_to_connection(ConnectionId=dial().connection_id, Data=b"x" * 131_073)


def test_no_signature(target: Target, api: Api, dial: Dial) -> None:
    """Row 104."""
    unsigned = target.session.client(
        "apigatewaymanagementapi", endpoint_url=api.callback_url, config=Config(signature_version=UNSIGNED)
    )
    with pytest.raises(ClientError) as refused:
        unsigned.post_to_connection(ConnectionId=dial().connection_id, Data=b"hello")

    assert status_of(refused.value.response) == 403


def test_wrong_secret(target: Target, api: Api, dial: Dial) -> None:
    """Rows 104 and 105."""
    credentials = target.session.get_credentials()
    assert credentials is not None
    wrong = target.management(api, aws_access_key_id=credentials.access_key, aws_secret_access_key="wrong")
    with pytest.raises(ClientError) as refused:
        wrong.post_to_connection(ConnectionId=dial().connection_id, Data=b"hello")

    assert status_of(refused.value.response) == 403


def test_encoded_at_sign(target: Target, api: Api, dial: Dial) -> None:
    """Row 107."""
    socket = dial()
    path = f"%40connections/{socket.connection_id.replace('=', '%3D')}"

    assert signed_post(target, f"{api.callback_url}/{path}", b"hello") == 200
    assert socket.client.recv(timeout=20) == "hello"


def test_other_path(target: Target, api: Api) -> None:
    """Row 108: refused; which status is not known."""
    assert 400 <= signed_post(target, f"{api.callback_url}/@connections", b"hello") < 500


def signed_post(target: Target, url: str, body: bytes) -> int:
    """The status of a POST that is signed by hand."""
    request = AWSRequest("POST", url, data=body)
    SigV4Auth(target.session.get_credentials(), "execute-api", target.session.region_name).add_auth(request)
    try:
        with urlopen(Request(url, body, dict(request.headers.items())), timeout=10) as response:
            status: int = response.status
            return status
    except HTTPError as error:
        return error.code
