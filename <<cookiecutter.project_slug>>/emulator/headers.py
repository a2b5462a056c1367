"""Which headers reach the backend, by kind of event (AWS facts 2.1). Pure.

The backend sees an ordinary HTTP request. The connection id, event type, route key and stage are not sent unless they are mapped.
"""

from collections.abc import Sequence
from typing import Final

Pairs = list[tuple[str, str]]

DROPPED: Final = frozenset({
    "connection", "content-encoding", "content-length", "content-md5", "expect", "host", "keep-alive", "max-forwards",
    "proxy-authenticate", "proxy-connection", "server", "te", "trailer", "transfer-encoding", "upgrade", "via", "www-authenticate",
    "x-amzn-apigateway-api-id", "x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto",
})  # fmt: skip
"""Client headers that are not passed on at `$connect`: hop by hop, REST's drop list, and what the gateway sets itself."""


def forwarded(client_headers: Sequence[tuple[str, str]], source_ip: str) -> Pairs:
    """`X-Forwarded-*`: the client's own claims stay on the left of its true address."""
    claims = [value for name, value in client_headers if name.lower() == "x-forwarded-for"]
    return [
        ("X-Forwarded-For", ", ".join([*claims, source_ip])),
        ("X-Forwarded-Port", "443"),
        ("X-Forwarded-Proto", "https"),
    ]


def gateway_headers(api_id: str, trace_id: str) -> Pairs:
    """What every call carries."""
    return [("X-Amzn-Apigateway-Api-Id", api_id), ("X-Amzn-Trace-Id", trace_id)]


def connect_headers(client_headers: Sequence[tuple[str, str]], *, api_id: str, trace_id: str, source_ip: str) -> Pairs:
    """The headers of the `$connect` call: the client's, less the dropped ones, and the gateway's."""
    lowered = [name.lower() for name, _ in client_headers]
    passed = [pair for name, pair in zip(lowered, client_headers, strict=True) if name not in DROPPED]
    names = set(lowered)
    if "accept" not in names:
        passed.append(("Accept", "application/json"))
    if "user-agent" not in names:
        passed.append(("User-Agent", f"AmazonAPIGateway_{api_id}"))
    return passed + forwarded(client_headers, source_ip) + gateway_headers(api_id, trace_id)


def event_headers(*, api_id: str, trace_id: str, content_type: str = "") -> Pairs:
    """The headers of a message's or `$disconnect`'s call: nothing of the client's."""
    own = [("Accept", "application/json"), ("User-Agent", f"AmazonAPIGateway_{api_id}")]
    if content_type:
        own.append(("Content-Type", content_type))
    return own + gateway_headers(api_id, trace_id)


def override(headers: Pairs, mapped: Sequence[tuple[str, str]], *, keep_case_variants: bool = False) -> Pairs:
    """Put the mapped headers in: each replaces every header of its name, in any case unless `keep_case_variants`."""
    if keep_case_variants:
        exact = {name for name, _ in mapped}
        return [(name, value) for name, value in headers if name not in exact] + list(mapped)
    names = {name.lower() for name, _ in mapped}
    return [pair for pair in headers if pair[0].lower() not in names] + list(mapped)
