"""Handshakes that are refused, by the backend or by the gateway, and what the client hears of it (AWS facts 1.2 and 1.4)."""

import http.client
import socket as sockets
import threading
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from emulator.clock import ManualClock
from emulator.snapshot import Integration, Route
from gateway.testing.emulator import RunningEmulator
from tests.emulator.backend import Backend, Reply
from tests.emulator.conftest import Dial
from tests.emulator.stages import API_ID, STAGE, Stages, route, stage_of


def refused_status(dial: Dial, path: str = f"/{STAGE}", **options: Any) -> int:
    with pytest.raises(InvalidStatus) as refused:
        dial(path, **options)
    return refused.value.response.status_code


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 429, 500, 503])
def test_refusal_passes_the_status(dial: Dial, backend: Backend, status: int) -> None:
    """AWS facts 1.2: the client sees the backend's own status; a redirect is a refusal too."""
    backend.replies["connect"] = Reply(status=status, headers={"Location": f"{backend.url}/elsewhere"})

    assert refused_status(dial) == status


def test_redirect_is_not_followed(dial: Dial, backend: Backend) -> None:
    """AWS facts 2.3: the gateway does not follow redirects."""
    backend.replies["connect"] = Reply(status=302, headers={"Location": f"{backend.url}/elsewhere"})
    refused_status(dial)

    backend.next_for("connect")

    assert backend.is_idle()


def test_refusal_drops_body_and_headers(dial: Dial, backend: Backend) -> None:
    """AWS facts 1.2: neither the body nor the headers of `$connect`'s answer reach the client."""
    headers = {"Set-Cookie": "a=b", "X-Reason": "banned", "Location": "/login"}
    backend.replies["connect"] = Reply(status=403, body=b'{"error": "banned"}', headers=headers)

    with pytest.raises(InvalidStatus) as refused:
        dial()

    assert refused.value.response.body == b""
    assert not {"set-cookie", "x-reason", "location"} & set(refused.value.response.headers)


def test_timeout(stages: Stages, dial: Dial, backend: Backend, emulator: RunningEmulator, clock: ManualClock) -> None:
    """AWS facts 1.2: a backend that does not answer in time makes the handshake fail with 504."""
    backend.replies["connect"] = Reply(gate=threading.Event())
    statuses: list[int] = []
    thread = threading.Thread(target=lambda: statuses.append(refused_status(dial)), daemon=True)
    thread.start()
    backend.next_for("connect")

    emulator.advance(29)
    thread.join(5)

    assert statuses == [504]


def test_unreachable_backend(stages: Stages, dial: Dial) -> None:
    """AWS facts, checklist 1: an unreachable backend makes the handshake fail with 502."""
    with sockets.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    stages.add(stage_of(route("$connect", f"http://127.0.0.1:{port}")))

    assert refused_status(dial) == 502


def test_refused_mapping(stages: Stages, dial: Dial, backend: Backend) -> None:
    """AWS facts 2.2: an integration that maps Content-Length fails with 500, without a call."""
    parameters = {"integration.request.header.Content-Length": "'5'"}
    stages.add(stage_of(route("$connect", backend.url, parameters=parameters)))

    assert refused_status(dial) == 500
    assert backend.is_idle()


def test_route_without_an_integration(stages: Stages, dial: Dial) -> None:
    """A `$connect` route that leads nowhere fails with 500."""
    stages.add(stage_of(Route(route_id="r", route_key="$connect", integration=None)))

    assert refused_status(dial) == 500


def test_unknown_stage(dial: Dial) -> None:
    """AWS facts 1.2: an unknown stage is refused with 403."""
    assert refused_status(dial, "/nowhere") == 403


def test_path_behind_the_stage(dial: Dial, backend: Backend) -> None:
    """A path that goes on behind the stage addresses nothing, and the backend is not asked."""
    assert refused_status(dial, f"/{STAGE}/more") == 403
    assert backend.is_idle()


def test_body_of_an_unknown_stage(emulator: RunningEmulator) -> None:
    """AWS facts, checklist 1: the body is `{"message":"Forbidden"}`."""
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=5)
    connection.request("GET", "/nowhere")

    assert connection.getresponse().read() == b'{"message": "Forbidden"}'


def test_disabled_default_endpoint(stages: Stages, dial: Dial, backend: Backend) -> None:
    """AWS facts 1.2: a disabled execute-api endpoint answers 403."""
    stages.add(stage_of(route("$connect", backend.url), execute_api_disabled=True))

    assert refused_status(dial) == 403


def test_ambiguous_stage(stages: Stages, dial: Dial, backend: Backend) -> None:
    """Two APIs with a stage of that name: the answer says how to address one of them."""
    stages.add(stage_of(route("$connect", backend.url), api_id="other"))

    with pytest.raises(InvalidStatus) as refused:
        dial()

    assert refused.value.response.status_code == 409
    assert f"/_apis/{API_ID}/{STAGE}".encode() in refused.value.response.body


def test_long_url(dial: Dial) -> None:
    """AWS facts 1.4: a URL of more than 4,096 characters is refused, one of 4,096 is not."""
    path = f"/{STAGE}?x="

    assert dial(path + "x" * (4096 - len(path))).response.status_code == 101
    assert refused_status(dial, path + "x" * (4097 - len(path))) == 414


def test_header_flood(dial: Dial) -> None:
    """AWS facts 9: headers of more than 10,240 bytes together are refused."""
    assert refused_status(dial, additional_headers={f"X-{n}": "x" * 1000 for n in range(11)}) == 431


def test_plain_http_request(emulator: RunningEmulator) -> None:
    """A request that is no upgrade is told so."""
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=5)
    connection.request("GET", f"/{STAGE}")

    assert connection.getresponse().status == 426


def test_integration_answers_something_else(stages: Stages, dial: Dial) -> None:
    """A backend that does not speak HTTP makes the handshake fail with 502."""
    with sockets.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        threading.Thread(target=_speak_nonsense, args=(server,), daemon=True).start()
        integration = Integration(integration_id="i", uri=f"http://127.0.0.1:{port}/connect")
        stages.add(stage_of(Route(route_id="r", route_key="$connect", integration=integration)))

        assert refused_status(dial) == 502


def _speak_nonsense(server: sockets.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"220 smtp.example.com ESMTP\r\n")
