"""Credentials that do not last as long as the process, are missing, or never come."""

import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gateway import aws
from gateway.messaging.delivery import Delivery
from gateway.messaging.fan_out import fan_out
from gateway.messaging.mailing import SendStalledError
from gateway.transports import Recipient
from tests.gateway.messaging.server import Call, ManagementServer, Reply


@pytest.fixture
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """botocore finds none anywhere."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    aws.forget()
    yield
    aws.forget()


class CredentialsServer(ThreadingHTTPServer):
    """What a container asks for its credentials: a new access key each time, good for five minutes."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.issued = 0
        self.valid = 1
        self.has_any = True


class _Handler(BaseHTTPRequestHandler):
    server: CredentialsServer

    def do_GET(self) -> None:
        self.server.issued += 1
        if not self.server.has_any:
            self.send_error(404)
            return
        expires = datetime.now(UTC) + timedelta(minutes=5)
        body = {
            "AccessKeyId": f"KEY{self.server.issued}",
            "SecretAccessKey": "secret",
            "Token": f"token{self.server.issued}",
            "Expiration": expires.isoformat(),
        }
        encoded = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, *_: Any) -> None:
        """Tests are quiet."""


@pytest.fixture
def credentials_server(no_credentials: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[CredentialsServer]:
    """botocore gets its credentials from there, and from nowhere else."""
    with CredentialsServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://127.0.0.1:{server.server_port}/")
        yield server
        server.shutdown()


def test_credentials_that_expire_in_the_middle(
    management: ManagementServer, aiohttp_engine: None, credentials_server: CredentialsServer
) -> None:
    """A 403 for expired credentials asks botocore for new ones, once, and costs no recipient."""

    async def until_they_expire(call: Call, _: object) -> Reply:
        key = int(call.headers["authorization"].partition("Credential=KEY")[2].partition("/")[0])
        if len(management.calls) == 300:
            credentials_server.valid = credentials_server.issued + 1
        return (200, "", "") if key >= credentials_server.valid else (403, "ExpiredTokenException", "")

    management.behaviour = until_they_expire
    delivery = fan_out("POST", b"{}", [Recipient(f"id{n}", management.url) for n in range(1_000)])

    assert (delivery.sent, delivery.problems) == (1_000, [])
    assert credentials_server.issued == credentials_server.valid > 1
    assert management.calls[-1].headers["x-amz-security-token"] == f"token{credentials_server.valid}"


@pytest.mark.usefixtures("engine", "no_credentials")
def test_without_credentials(management: ManagementServer) -> None:
    """Nobody is called, and one sentence says what is missing."""
    delivery = fan_out("POST", b"{}", [Recipient(f"id{n}", management.url) for n in range(50)])

    assert (delivery.failed, len(delivery.problems), management.calls) == (50, 1, [])
    assert "credentials" in delivery.problems[0]


def test_missing_credentials_are_asked_for_once(
    management: ManagementServer, aiohttp_engine: None, credentials_server: CredentialsServer
) -> None:
    """What has no credentials takes a while to find that out. Two hundred calls at once wait for one answer."""
    credentials_server.has_any = False

    delivery = fan_out("POST", b"{}", [Recipient(f"id{n}", management.url) for n in range(1_000)])

    assert (delivery.failed, len(delivery.problems), management.calls) == (1_000, 1, [])
    assert credentials_server.issued <= 3  # botocore asks three times before it believes it


def test_credentials_that_never_come(
    management: ManagementServer,
    aiohttp_engine: None,
    no_credentials: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A `credential_process` that hangs holds a send up for as long as calls may take, and no longer."""
    monkeypatch.setattr("gateway.messaging.fan_out.longest_quiet", lambda: 0.3)
    pipe, over, script, config = (tmp_path / name for name in ("pipe", "over", "script", "config"))
    os.mkfifo(pipe)
    script.write_text(f"[ -e {over} ] || cat {pipe}\n")
    config.write_text(f"[default]\ncredential_process = sh {script}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    delivery = Delivery()

    with pytest.raises(SendStalledError, match="0 of 5 recipients have an outcome"):
        fan_out("POST", b"{}", [Recipient(f"id{n}", management.url) for n in range(5)], delivery=delivery)
    over.touch()  # botocore may ask once more, and nobody would write into the pipe again
    pipe.write_text("")

    assert (delivery.sent, management.calls) == (0, [])
    assert "Not everybody was tried" in delivery.problems[0]
