"""AWS Signature Version 4, verified. Pure.

The canonical path is the path on the wire, encoded once more (`%3D` becomes `%253D`): what botocore signs and AWS checks for every
service but S3 (AWS facts 6.1).
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, unquote

ALGORITHM: Final = "AWS4-HMAC-SHA256"
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=(?P<key>[^/,\s]+)/(?P<date>\d{8})/(?P<region>[^/,\s]+)/(?P<service>[^/,\s]+)/aws4_request"
    r", *SignedHeaders=(?P<signed>[a-z0-9;_.-]+), *Signature=(?P<signature>[0-9a-f]{64})"
)
MAX_SKEW_SECONDS: Final = 300


class SignatureError(Exception):
    """The text says which part is wrong, in AWS's words; it holds no secret."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedRequest:
    """The parts of a request that are signed, as they came over the wire."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """A well-formed `Authorization` header, taken apart."""

    access_key: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str


def parse_authorization(header: str) -> Signature:
    """Raises SignatureError."""
    match = AUTHORIZATION.fullmatch(header.strip())
    if match is None:
        raise SignatureError("Authorization header is not a well-formed AWS4-HMAC-SHA256 signature.")
    return Signature(
        access_key=match["key"],
        date=match["date"],
        region=match["region"],
        service=match["service"],
        signed_headers=tuple(match["signed"].split(";")),
        signature=match["signature"],
    )


def verify(request: SignedRequest, signature: Signature, *, secret: str, service: str, now: float) -> None:
    """Check a signature made with a known secret.

    Raises SignatureError: another service, a date more than five minutes away, unsigned or changed content.
    """
    headers = _joined(request.headers)
    timestamp = headers.get("x-amz-date", "")
    if signature.service != service:
        raise SignatureError(f"Credential should be scoped to correct service: '{service}'.")
    if "host" not in signature.signed_headers:
        raise SignatureError("'Host' must be a 'SignedHeader' in the AWS Authorization.")
    _check_date(timestamp, signature.date, now)
    scope = f"{signature.date}/{signature.region}/{signature.service}/aws4_request"
    digest = hashlib.sha256(canonical_request(request, headers, signature.signed_headers).encode()).hexdigest()
    text = f"{ALGORITHM}\n{timestamp}\n{scope}\n{digest}"
    expected = hmac.new(_signing_key(secret, signature), text.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, signature.signature):
        raise SignatureError("The request signature we calculated does not match the signature you provided.")


def canonical_request(request: SignedRequest, headers: Mapping[str, str], signed_headers: Sequence[str]) -> str:
    """The text whose hash is signed."""
    path, _, query = request.target.partition("?")
    lines = [f"{name}:{headers.get(name, '')}" for name in signed_headers]
    return "\n".join(
        (
            request.method.upper(),
            quote(path, safe="/~"),
            _canonical_query(query),
            "\n".join(lines) + "\n",
            ";".join(signed_headers),
            hashlib.sha256(request.body).hexdigest(),
        )
    )


def _canonical_query(query: str) -> str:
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    encoded = sorted((_encoded(name), _encoded(value)) for name, _, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)


def _encoded(text: str) -> str:
    return quote(unquote(text), safe="-_.~")


def _joined(headers: Sequence[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, list[str]] = {}
    for name, value in headers:
        joined.setdefault(name.lower(), []).append(" ".join(value.split()))
    return {name: ",".join(values) for name, values in joined.items()}


def _check_date(timestamp: str, scope_date: str, now: float) -> None:
    try:
        signed_at = datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise SignatureError("Date must be in ISO-8601 'basic format', in the header X-Amz-Date.") from None
    if not timestamp.startswith(scope_date):
        raise SignatureError(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP."
        )
    if abs(now - signed_at) > MAX_SKEW_SECONDS:
        raise SignatureError(f"Signature expired or not yet current: {timestamp}.")


def _signing_key(secret: str, signature: Signature) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (signature.date, signature.region, signature.service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
