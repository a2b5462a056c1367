"""Our signature is botocore's, byte for byte."""

import threading
from datetime import UTC, datetime
from unittest import mock

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from gateway.messaging.sigv4 import ConnectionPaths, Signer, digest

HOST = "abc123.execute-api.eu-central-1.amazonaws.com"
NOW = 1_790_000_000

text = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=40)
odd_ids = st.sampled_from(["", ".", "..", "e_d2EewNLPECIGw=", "a/../b", "%3D", "é=", "?x#y"])
ids = st.one_of(st.text("abcXYZ019-_=~.", min_size=1, max_size=24), text, odd_ids)


def boto_headers(url: str, method: str, body: bytes, credentials: Credentials, now: float) -> dict[str, str]:
    """What botocore adds to the same request at the same second."""
    request = AWSRequest(method=method, url=url, data=body)
    frozen = datetime.fromtimestamp(int(now), UTC).replace(tzinfo=None)
    with mock.patch("botocore.auth.get_current_datetime", return_value=frozen):
        SigV4Auth(credentials, "execute-api", "eu-central-1").add_auth(request)
    return dict(request.headers)


@pytest.mark.parametrize("token", [None, "a+token/with=signs "])
@given(
    connection_id=ids,
    base=st.sampled_from(["", "/", "/production", "/a/b", "/_apis/x1/dev", "/a/../b"]),
    body=st.binary(max_size=50),
    method=st.sampled_from(["POST", "GET", "DELETE"]),
)
def test_equals_botocore(token: str | None, connection_id: str, base: str, body: bytes, method: str) -> None:
    """Whatever the id, the stage, the body and the kind of credentials."""
    credentials = Credentials("AKIDEXAMPLE", "secret/+key", token)
    wire, canonical = ConnectionPaths(base).of(connection_id)

    ours = Signer(credentials, "eu-central-1", HOST).headers(method, canonical, digest(body), NOW)

    assert ours == boto_headers(f"https://{HOST}{wire}", method, body, credentials, NOW)


def test_stays_equal_while_time_passes() -> None:
    """The cached key and date follow the clock: over seconds, and over midnight."""
    credentials = Credentials("AKIDEXAMPLE", "secret")
    signer = Signer(credentials, "eu-central-1", HOST)
    wire, canonical = ConnectionPaths("/production").of("abc=")
    midnight = NOW - NOW % 86_400

    for now in (NOW, NOW + 0.9, NOW + 1, midnight - 1, midnight, NOW):
        expected = boto_headers(f"https://{HOST}{wire}", "POST", b"x", credentials, now)
        assert signer.headers("POST", canonical, digest(b"x"), now) == expected


def test_threads_never_mix_two_seconds() -> None:
    """One signer used by several threads at different seconds signs each as botocore does."""
    credentials = Credentials("AKIDEXAMPLE", "secret")
    signer = Signer(credentials, "eu-central-1", HOST)
    wire, canonical = ConnectionPaths("/production").of("abc=")
    expected = {
        now: boto_headers(f"https://{HOST}{wire}", "POST", b"", credentials, now) for now in range(NOW, NOW + 4)
    }
    wrong: list[float] = []

    def sign(now: int) -> None:
        made = (signer.headers("POST", canonical, digest(b""), now) for _ in range(2_000))
        wrong.extend(now for headers in made if headers != expected[now])

    threads = [threading.Thread(target=sign, args=(now,)) for now in expected]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
