"""What a proper upgrade is, and what is agreed to (RFC 6455, 4.2; the headers are those of AWS facts 1.2)."""

import pytest
from aiohttp import HttpVersion10, HttpVersion11, web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict
from websockets.extensions.permessage_deflate import PerMessageDeflate

from emulator.negotiation import Agreement, negotiate
from emulator.refusal import HandshakeRefusedError

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}


def request(*more: tuple[str, str], method: str = "GET", **changed: str | None) -> web.Request:
    """A proper upgrade, but for what is given; None leaves a header out."""
    named = UPGRADE | {name.replace("_", "-"): value for name, value in changed.items()}
    headers = CIMultiDict([*((name, value) for name, value in named.items() if value is not None), *more])
    return make_mocked_request(method, "/", headers=headers, version=HttpVersion11)


def agreed(asked: web.Request, *, compression: bool = True) -> Agreement:
    return negotiate(asked, compression=compression)


def refused_status(asked: web.Request) -> int:
    with pytest.raises(HandshakeRefusedError) as refused:
        agreed(asked)
    return refused.value.status


def test_the_key_of_the_rfc() -> None:
    assert agreed(request()) == Agreement("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")


@pytest.mark.parametrize("value", ["keep-alive, Upgrade", "upgrade", "UPGRADE,close", " ,\tupgrade ,"])
def test_connection_is_a_list(value: str) -> None:
    assert agreed(request(Connection=value)).accept


def test_connection_may_be_spread_over_lines() -> None:
    assert agreed(request(("Connection", "Upgrade"), Connection="keep-alive")).accept


@pytest.mark.parametrize("value", ["WebSocket", "WEBSOCKET"])
def test_upgrade_in_any_case(value: str) -> None:
    assert agreed(request(Upgrade=value)).accept


@pytest.mark.parametrize("value", [None, "", "keep-alive", "upgraded", "up grade"])
def test_no_upgrade_in_connection(value: str | None) -> None:
    assert refused_status(request(Connection=value)) == 426


@pytest.mark.parametrize("value", [None, "", "h2c", "websocket, h2c", "web socket"])
def test_upgrade_to_something_else(value: str | None) -> None:
    assert refused_status(request(Upgrade=value)) == 426


@pytest.mark.parametrize("key", [None, "", "short", "dGhlIHNhbXBsZQ==", f"{KEY}=", f"{KEY} {KEY}", "é" * 24])
def test_a_malformed_key(key: str | None) -> None:
    assert refused_status(request(Sec_WebSocket_Key=key)) == 400


@pytest.mark.parametrize("version", [None, "", "8", "14", "13, 8", "13.0"])
def test_another_version(version: str | None) -> None:
    assert refused_status(request(Sec_WebSocket_Version=version)) == 400


@pytest.mark.parametrize("name", ["Sec-WebSocket-Key", "Sec-WebSocket-Version"])
def test_a_header_that_is_there_twice(name: str) -> None:
    assert refused_status(request((name, UPGRADE[name]))) == 400


def test_another_method() -> None:
    assert refused_status(request(method="POST")) == 405


def test_http_1_0() -> None:
    assert refused_status(make_mocked_request("GET", "/", headers=UPGRADE, version=HttpVersion10)) == 505


@pytest.mark.parametrize(
    "offer",
    [
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits",
        "x-unknown, permessage-deflate; server_max_window_bits=15",
        "permessage-deflate; server_max_window_bits=99, permessage-deflate",
    ],
)
def test_compression(offer: str) -> None:
    """AWS facts 1.2: a window of 12 bits, whatever was offered."""
    agreement = agreed(request(Sec_WebSocket_Extensions=offer))

    assert agreement.extensions_header == "permessage-deflate;server_max_window_bits=12"
    assert [type(extension) for extension in agreement.extensions] == [PerMessageDeflate]


def test_offers_may_be_spread_over_lines() -> None:
    asked = request(("Sec-WebSocket-Extensions", "permessage-deflate"), Sec_WebSocket_Extensions="x-unknown")

    assert agreed(asked).extensions_header


@pytest.mark.parametrize(
    "offer", ["x-unknown", "permessage-deflate; unknown", "permessage-deflate; server_max_window_bits=8"]
)
def test_offers_that_cannot_be_met(offer: str) -> None:
    """None of them need be."""
    assert agreed(request(Sec_WebSocket_Extensions=offer)).extensions == ()


def test_offers_without_compression() -> None:
    assert agreed(request(Sec_WebSocket_Extensions="permessage-deflate"), compression=False).extensions == ()


@pytest.mark.parametrize("offer", ["", ";;", "permessage-deflate;=", 'permessage-deflate; a="'])
def test_malformed_offers(offer: str) -> None:
    assert refused_status(request(Sec_WebSocket_Extensions=offer)) == 400


def test_connections_do_not_share_a_compressor() -> None:
    """What two clients with the same offer have in common is only what was agreed."""
    asked = request(Sec_WebSocket_Extensions="permessage-deflate")

    assert agreed(asked).extensions[0] is not agreed(asked).extensions[0]
