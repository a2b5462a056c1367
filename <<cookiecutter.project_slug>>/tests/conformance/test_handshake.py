"""Handshakes and `$connect`. The numbers are rows of the fidelity table."""

import threading
from collections.abc import Callable
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from websockets.exceptions import InvalidStatus

from tests.conformance.recorder import CONNECTION_ID
from tests.conformance.target import Api, Socket, Target

Dial = Callable[..., Socket]


def status_of(target: Target, api: Api, query: dict[str, object], **options: object) -> int:
    """The status that a handshake is refused with."""
    with pytest.raises(InvalidStatus) as refused:
        target.open(api, query, **options)
    return refused.value.response.status_code


def test_connect_decides(target: Target, api: Api) -> None:
    """Rows 1 and 101: the handshake waits for `$connect`, and until then the connection cannot be written to."""
    # Shorter than `$connect` takes: some have seen such a post wait until it has been answered.
    management = target.management(api, patience=1)
    before = len(target.recorder.calls)
    opened = threading.Event()

    def open_socket() -> None:
        with target.open(api, {"delay": 2}):
            opened.set()

    thread = threading.Thread(target=open_socket)
    thread.start()
    connection_id = target.recorder.wait_for("connect", since=before).header(CONNECTION_ID)
    with pytest.raises((ClientError, ReadTimeoutError)) as refused:
        management.post_to_connection(ConnectionId=connection_id, Data=b"too early")

    was_opened = opened.is_set()
    thread.join()
    assert not was_opened
    assert (
        isinstance(refused.value, ReadTimeoutError)
        or refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 410
    )


def test_any_success_opens(dial: Dial) -> None:
    """Row 2."""
    assert dial({"status": 204}).client.protocol.state.name == "OPEN"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 503])
def test_refusal_passes_the_status(target: Target, api: Api, status: int) -> None:
    """Row 3."""
    assert status_of(target, api, {"status": status}) == status


def test_answer_of_connect_is_dropped(target: Target, api: Api, dial: Dial) -> None:
    """Row 5: neither its body nor its headers reach the client."""
    with pytest.raises(InvalidStatus) as refused:
        target.open(api, {"status": 403, "body": "of the backend"})
    response = dial({"body": "of the backend"}).client.response

    assert b"of the backend" not in (refused.value.response.body or b"")
    assert "X-Of-The-Backend" not in refused.value.response.headers
    assert response is not None
    assert "X-Of-The-Backend" not in response.headers


def test_headers_of_the_101(dial: Dial) -> None:
    """Row 6."""
    response = dial().client.response

    assert response is not None
    assert {"date", "connection", "upgrade", "sec-websocket-accept"} <= {name.lower() for name in response.headers}


def test_timeout(target: Target, api: Api) -> None:
    """Row 7: an integration with three seconds gives up on a backend that takes five."""
    assert status_of(target, api, {"delay": 5}) == 504


def test_connect_is_optional(target: Target, bare: Api) -> None:
    """Row 10."""
    before = len(target.recorder.calls)
    with target.open(bare):
        pass

    assert not [call for call in target.recorder.calls[before:] if call.path.endswith("/connect")]


def test_subprotocol(dial: Dial) -> None:
    """Row 11: the client's list reaches the backend, and the one it echoes reaches the client."""
    socket = dial({"subprotocol": "second"}, subprotocols=["first", "second"])

    assert (socket.connected.header("Sec-WebSocket-Protocol") or "").replace(" ", "") == "first,second"
    assert socket.client.subprotocol == "second"


def test_no_subprotocol(dial: Dial) -> None:
    """Row 12."""
    assert dial(subprotocols=["first"]).client.subprotocol is None


def test_query_string(target: Target, dial: Dial) -> None:
    """Row 13: it reaches `$connect` and nothing else."""
    socket = dial({"wanted": "me"})
    socket.client.send("hello")

    assert socket.connected.query["wanted"] == ["me"]
    assert "wanted" not in target.recorder.wait_for("default", socket.connection_id).query


def test_long_url(target: Target, api: Api) -> None:
    """Row 14: AWS says how long a URL may be, not how a longer one is refused."""
    assert 400 <= status_of(target, api, {"wanted": "x" * 5_000}) < 500


def test_unknown_stage(target: Target, api: Api) -> None:
    """Row 16."""
    assert status_of(target, Api(api.api_id, api.endpoint, "nothing"), {}) == 403


def test_compression(dial: Dial) -> None:
    """Row 19: it is negotiated by the gateway, and the backend takes no part."""
    socket = dial(compression="deflate")

    assert [extension.name for extension in socket.client.protocol.extensions] == ["permessage-deflate"]


def test_plain_http_request(api: Api) -> None:
    """Row 20: it is refused; AWS does not say how."""
    with pytest.raises(HTTPError) as refused:
        urlopen(api.callback_url, timeout=10)

    assert 400 <= refused.value.code < 500


def test_no_disconnect_after_a_refusal(target: Target, api: Api, dial: Dial) -> None:
    """Row 23: a later connection's `$disconnect` comes, the refused one's does not."""
    before = len(target.recorder.calls)
    status_of(target, api, {"status": 403})
    refused_id = target.recorder.wait_for("connect", since=before).header(CONNECTION_ID) or ""
    socket = dial()
    socket.client.close()
    target.recorder.wait_for("disconnect", socket.connection_id)

    assert target.recorder.count("disconnect", refused_id) == 0


def test_connection_ids(dial: Dial) -> None:
    """Row 110."""
    connection_id = dial().connection_id

    assert len(connection_id) == 16
    assert connection_id.endswith("=")
