"""Signatures: botocore signs, the emulator verifies (AWS facts 6.1)."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from emulator.sigv4 import SignatureError, SignedRequest, parse_authorization, verify

PATH = "/production/@connections/R0oX%3D"


def signed(path: str = PATH, body: bytes = b"hello", token: str | None = None) -> tuple[SignedRequest, float]:
    """A request as botocore signs it, and the moment of the signature."""
    request = AWSRequest(method="POST", url=f"http://127.0.0.1:8001{path}", data=body)
    SigV4Auth(Credentials("local", "local", token), "execute-api", "eu-central-1").add_auth(request)
    headers = {"Host": "127.0.0.1:8001", **dict(request.headers.items())}
    stamp = headers["X-Amz-Date"]
    moment = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    return SignedRequest(method="POST", target=path, headers=list(headers.items()), body=body), moment


def check(request: SignedRequest, now: float, *, secret: str = "local", service: str = "execute-api") -> None:
    header = dict(request.headers)["Authorization"]
    verify(request, parse_authorization(header), secret=secret, service=service, now=now)


def test_good_signature() -> None:
    """botocore's signature of a callback is accepted; its path is encoded twice."""
    check(*signed())


def test_session_token() -> None:
    """AWS facts 6.1: temporary credentials sign one header more."""
    check(*signed(token="session"))


@given(st.text(alphabet="abc=&+ %/ü?#", max_size=20))
def test_query_strings(text: str) -> None:
    """However odd a query parameter, what botocore signs is what is verified."""
    check(*signed(path=f"/v2/apis?b={quote(text, safe='')}&a=1&a=0"))


@pytest.mark.parametrize(
    "changed",
    [
        {"body": b"other"},
        {"method": "DELETE"},
        {"target": "/production/@connections/other%3D"},
        {"target": PATH + "?x=1"},
    ],
)
def test_changed_content(changed: dict[str, Any]) -> None:
    """A signature covers the method, the path, the query and the body."""
    request, now = signed()
    request = replace(request, **changed)

    with pytest.raises(SignatureError, match="does not match"):
        check(request, now)


def test_changed_host() -> None:
    """It covers the host as well."""
    request, now = signed()
    headers = [(name, "evil.example.com" if name == "Host" else value) for name, value in request.headers]

    with pytest.raises(SignatureError, match="does not match"):
        check(SignedRequest(method="POST", target=PATH, headers=headers, body=b"hello"), now)


def test_wrong_secret() -> None:
    """Another secret makes another signature."""
    with pytest.raises(SignatureError, match="does not match"):
        check(*signed(), secret="other")


def test_wrong_service() -> None:
    """AWS facts 6.1: the service is part of the signature; another one is named as such."""
    with pytest.raises(SignatureError, match="correct service: 'apigateway'"):
        check(*signed(), service="apigateway")


@pytest.mark.parametrize("seconds", [-301, 301])
def test_expired(seconds: float) -> None:
    """A signature is good for five minutes on either side."""
    request, now = signed()

    with pytest.raises(SignatureError, match="expired"):
        check(request, now + seconds)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer abc",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=local/20260101/eu-central-1/execute-api/aws4_request",
        "AWS4-HMAC-SHA256 Credential=local/20260101/eu-central-1/execute-api/aws4_request, SignedHeaders=host, Signature=xyz",
        "AWS4-HMAC-SHA256 Credential=local/x/eu-central-1/execute-api/aws4_request, SignedHeaders=host, Signature="
        + "0" * 64,
    ],
)
def test_malformed_header(header: str) -> None:
    """Anything else than a whole `Authorization` header is refused."""
    with pytest.raises(SignatureError, match="well-formed"):
        parse_authorization(header)
