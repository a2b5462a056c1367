"""Nothing that the inspector ever sends holds a secret, wherever the secret went by."""

import json
from collections.abc import Callable
from typing import Any

from websockets.sync.client import connect

from gateway.testing.emulator import RunningEmulator
from tests.emulator.backend import Backend, Reply
from tests.emulator.conftest import management_client
from tests.emulator.inspector.conftest import SECRET, Browser, Listener

TOKEN = "one-time-token-4f9a1c"
SESSION_KEY = "django-session-key-77aa"
PASSWORD = "correct-horse-battery"
SECRETS = (SECRET, TOKEN, SESSION_KEY, PASSWORD)


def test_everything_it_sends(
    emulator: RunningEmulator, listen: Callable[..., Listener], backend: Backend, api_id: str, control: Any
) -> None:
    """Shared secret, token, session cookie and password: in URLs, headers, frames, answers, callbacks and the control plane."""
    everything = json.dumps({"seen": [SECRET, TOKEN, SESSION_KEY], "password": PASSWORD})
    backend.replies["default"] = Reply(body=everything.encode())
    log = {"DestinationArn": "arn:aws:logs:eu-central-1:123456789012:log-group:a", "Format": "$context.requestId"}
    control.update_stage(ApiId=api_id, StageName="production", AccessLogSettings=log)
    page = listen()
    headers = {"Cookie": f"sessionid={SESSION_KEY}", "X-Auth-Token": TOKEN}
    with connect(
        f"{emulator.socket_url}/production?ws_token={TOKEN}&channel=lobby", additional_headers=headers
    ) as socket:
        socket.send(f'{{"action": "login", "password": "{PASSWORD}"}}')
        socket.recv(timeout=5)
        socket.send(f"the token is {TOKEN}, the secret {SECRET}")
        socket.recv(timeout=5)
        connection_id = emulator.connections()[0].connection_id
        management_client(f"{emulator.url}/_apis/{api_id}/production").post_to_connection(
            ConnectionId=connection_id, Data=everything
        )
        socket.recv(timeout=5)
        socket.close(4000, SECRET)
    page.note("integration", event="DISCONNECT")
    page.next("overview")

    browser = Browser(emulator.port)
    sent = "".join(page.raw) + "".join(
        browser.get(f"/_emulator/{path}").body.decode() for path in ("", "metrics", "access-log")
    )
    assert "ws_token=***" in sent
    assert "X-Gateway-Secret" in sent
    assert [secret for secret in SECRETS if secret in sent] == []
