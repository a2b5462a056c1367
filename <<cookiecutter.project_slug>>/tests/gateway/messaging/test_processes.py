"""One loop for each process: forks, ends, deaths, and credentials that do not last as long as the process."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gateway import aws
from gateway.messaging import loop
from gateway.messaging.fan_out import fan_out
from gateway.transports import Recipient
from tests.gateway.messaging.server import Call, ManagementServer, Reply

PROJECT = Path(__file__).parents[3]
PRELUDE = """
import os, sys
import django
django.setup()
from gateway.messaging.fan_out import fan_out
from gateway.messaging.closing import close_connections
from gateway.transports import Recipient
url = sys.argv[1]
"""


def python(script: str, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """A process of its own with the engine in it."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.gateway.messaging.aiohttp_settings",
        "PYTHONPATH": str(PROJECT),
    }
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + script, *arguments],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def finished(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out


def test_survives_a_fork(management: ManagementServer) -> None:
    """Parent and child each send before and after the fork, over connections of their own."""
    script = """
say = lambda name: print(name, fan_out("POST", b"{}", [Recipient(name, url)]).sent, flush=True)
say("before")
child = os.fork()
if not child:
    say("child")
    os._exit(0)
os.waitpid(child, 0)
say("parent")
"""
    out = finished(python(script, management.url))

    assert out.split() == ["before", "1", "child", "1", "parent", "1"]
    assert management.connections == 2


def test_a_forked_child_that_never_sends_leaves_the_parent_alone(management: ManagementServer) -> None:
    """Even when it collects its garbage and ends properly."""
    script = """
import gc
fan_out("POST", b"{}", [Recipient("before", url)])
if not (child := os.fork()):
    gc.collect()
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
print(fan_out("POST", b"{}", [Recipient("after", url)]).sent)
"""
    assert finished(python(script, management.url)) == "1\n"
    assert management.connections == 1


def test_closes_what_it_promised_before_it_ends(management: ManagementServer) -> None:
    """A script that asks for the end of connections and ends itself has closed them."""
    script = """
close_connections([Recipient(f"id{n}", url) for n in range(50)], "maintenance")
"""
    finished(python(script, management.url))

    assert [call.method for call in management.calls].count("DELETE") == 50


def test_killed_while_sending(management: ManagementServer) -> None:
    """A process that is killed has reported nothing: what it says afterwards cannot be wrong."""
    script = """
recipients = (Recipient(f"id{n}", url) for n in range(1_000_000))
print(fan_out("POST", b"{}", recipients).sent, flush=True)
"""
    process = python(script, management.url)
    management.wait_for(lambda calls: len(calls) > 100)
    process.send_signal(signal.SIGKILL)
    out, _ = process.communicate(timeout=30)

    assert out == ""


def test_a_closed_loop_is_started_again(management: ManagementServer, aiohttp_engine: None) -> None:
    """Closing is not the end: the next send starts a loop of its own."""
    recipients = [Recipient("abc=", management.url)]

    assert fan_out("POST", b"{}", recipients).sent == 1
    loop.close()
    assert fan_out("POST", b"{}", recipients).sent == 1

    assert management.connections == 2


def test_connections_are_kept(management: ManagementServer, aiohttp_engine: None) -> None:
    """A second send uses the connections of the first."""
    for _ in range(5):
        fan_out("POST", b"{}", [Recipient("abc=", management.url)])

    assert management.connections == 1


class CredentialsServer(ThreadingHTTPServer):
    """What a container asks for its credentials: a new access key each time, good for five minutes."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.issued = 0
        self.valid = 1


class _Handler(BaseHTTPRequestHandler):
    server: CredentialsServer

    def do_GET(self) -> None:
        self.server.issued += 1
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
def credentials_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[CredentialsServer]:
    """botocore gets its credentials from there, and from nowhere else."""
    with CredentialsServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://127.0.0.1:{server.server_port}/")
        aws.forget()
        yield server
        server.shutdown()
        aws.forget()


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


@pytest.mark.usefixtures("engine")
def test_without_credentials(management: ManagementServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is called, and one sentence says what is missing."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    aws.forget()

    delivery = fan_out("POST", b"{}", [Recipient(f"id{n}", management.url) for n in range(50)])

    assert (delivery.failed, len(delivery.problems), management.calls) == (50, 1, [])
    assert "credentials" in delivery.problems[0]


@pytest.fixture
def proxied(management: ManagementServer, monkeypatch: pytest.MonkeyPatch) -> ManagementServer:
    """The environment names this server as the proxy for everything."""
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{management.port}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    aws.forget()
    return management


@pytest.mark.usefixtures("engine")
def test_through_a_proxy(proxied: ManagementServer) -> None:
    """`HTTP_PROXY` is obeyed: the proxy is asked for the whole address."""
    assert fan_out("POST", b"{}", [Recipient("abc=", "http://management.invalid/production")]).sent == 1

    assert proxied.calls[0].path == "http://management.invalid/production/@connections/abc%3D"


@pytest.mark.usefixtures("engine")
def test_signs_for_the_region_of_the_address(proxied: ManagementServer) -> None:
    """A gateway of another region than the project's is signed for where it is; a custom domain, for the project's."""
    for host in ("abc.execute-api.us-west-2.amazonaws.com", "ws.example.com"):
        fan_out("POST", b"{}", [Recipient("abc=", f"http://{host}/production")])

    scopes = [call.headers["authorization"].split("/")[2] for call in proxied.calls]
    assert scopes == ["us-west-2", "eu-central-1"]
