"""`manage.py add_route` in a generated project: everything a route needs, with one command."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.rendering import Renderer


@pytest.fixture
def project(render: Renderer, tmp_path: Path) -> Path:
    """With a migrated database."""
    rendered = render.fresh(tmp_path, setup_now=False)
    (rendered / ".env").write_text(
        f"DJANGO_SECRET_KEY={'k' * 50}\nWEBSOCKET_SECRETS={'s' * 40}\nDATABASE_URL=sqlite:///{rendered / 'db.sqlite3'}\n"
    )
    assert manage(rendered, "migrate", "-v0").returncode == 0
    return rendered


def manage(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return python(project, "manage.py", *arguments)


def python(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env=clean(),
        capture_output=True,
        text=True,
        check=False,
    )


def clean() -> dict[str, str]:
    """The environment of somebody who has set nothing."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"PYTHONDONTWRITEBYTECODE": "1"}


def contents(project: Path) -> dict[Path, str]:
    """What the command may write."""
    return {
        path: path.read_text()
        for folder in ("realtime", "config", "tests/realtime")
        for path in (project / folder).glob("*.*")
    }


def test_the_route_has_a_handler_a_test_an_entry_and_a_record(project: Path) -> None:
    """And its test passes."""
    done = manage(project, "add_route", "fetch_profile")

    shell = (
        "from gateway.models import *; print(*ApiGatewayAdditionalRoute.objects.values_list('route_key', flat=True))"
    )
    routes = json.loads((project / "config" / "gateway.json").read_text())["routes"]
    tested = python(project, "-m", "pytest", "-q", "tests/realtime/test_fetch_profile.py")
    assert done.returncode == 0, done.stderr
    assert routes[-1] == {"route_key": "fetch_profile", "endpoint": "", "reply": True}
    assert "fetch_profile" in manage(project, "shell", "-v0", "-c", shell).stdout
    assert tested.returncode == 0, tested.stdout


@pytest.mark.parametrize("name", ["fetch_profile", "a" * 64], ids=len)
def test_what_it_writes_is_clean(project: Path, name: str) -> None:
    """As the project's own tools see it, the longest name that it accepts included."""
    assert manage(project, "add_route", name).returncode == 0

    for check in (["check"], ["format", "--check"]):
        done = python(project, "-m", "ruff", *check, "realtime", f"tests/realtime/test_{name}.py")
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Bad Name", "cannot name a route"),
        ("class", "is a word of the Python language"),
        ("connect", "is there in every project"),
        ("dispatch", "is a name the view itself uses"),
        ("websocket_session", "is a name the view itself uses"),
        ("chat_message", "is a handler of RealtimeView already"),
    ],
)
def test_a_bad_name_is_refused_and_nothing_written(project: Path, name: str, sentence: str) -> None:
    """One sentence with the name and the remedy."""
    before = contents(project)

    done = manage(project, "add_route", name)

    assert done.returncode == 1
    assert f"{name!r} {sentence}" in done.stderr
    assert contents(project) == before


def test_an_edited_record_is_not_overwritten(project: Path) -> None:
    """The differences are listed, and no file is touched."""
    manage(project, "register_gateway")
    manage(project, "shell", "-c", "from gateway.models import *; ApiGateway.objects.update(stage_name='blue')")
    before = contents(project)

    done = manage(project, "add_route", "fetch_profile")

    assert done.returncode == 1
    assert "stage_name: 'blue' in the database" in done.stderr
    assert contents(project) == before


@pytest.fixture
def demo(project: Path) -> Iterator[tuple[Path, str]]:
    """The project, and the address at which `manage.py dev` serves it."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        port, gateway_port = one.getsockname()[1], other.getsockname()[1]
    with (project / ".env").open("a") as file:
        file.write("DJANGO_DEBUG=true\nAWS_REGION=eu-central-1\n")  # pragma: allowlist secret (two settings)
    command = [sys.executable, "-u", "manage.py", "dev", "--port", str(port), "--gateway-port", str(gateway_port)]
    with subprocess.Popen(
        command, cwd=project, env=clean(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as dev:
        assert dev.stdout is not None
        assert any(line.startswith("READY") for line in dev.stdout)
        threading.Thread(target=dev.stdout.read, daemon=True).start()
        yield project, f"http://127.0.0.1:{port}"
        dev.terminate()


def test_the_running_demo_serves_a_new_route_without_a_restart(demo: tuple[Path, str]) -> None:
    """Two commands in another terminal, which find the demo's API Gateway by themselves."""
    project, url = demo

    added = manage(project, "add_route", "fetch_profile")
    provisioned = manage(project, "provision_gateway")

    assert added.returncode == 0, added.stderr
    assert "create  route fetch_profile" in provisioned.stdout, provisioned.stdout + provisioned.stderr
    assert "is as wanted: ws://127.0.0.1:" in provisioned.stdout
    assert any(answer_of(url) == "hello" for _ in range(50)), "the new handler never answered"


def answer_of(url: str) -> str:
    """What comes back for a message to the new handler; nothing while the server is reloading."""
    try:
        with connect(address_of_socket(url), origin=Origin(url)) as websocket:
            websocket.send(json.dumps({"handler": "fetch_profile", "message": "hello"}))
            return str(json.loads(websocket.recv(timeout=2)).get("message", ""))
    except (OSError, WebSocketException, requests.RequestException):
        time.sleep(0.2)
        return ""


def address_of_socket(url: str) -> str:
    """Where alice's page would connect, with her one-time token."""
    with requests.Session() as session:
        session.get(f"{url}/accounts/login/", timeout=10)
        form = {"username": "alice", "password": "demo-password", "csrfmiddlewaretoken": session.cookies["csrftoken"]}
        session.post(f"{url}/accounts/login/", data=form, timeout=10, headers={"Referer": url})
        headers = {"X-CSRFToken": session.cookies["csrftoken"], "Referer": url}
        token = session.post(f"{url}/api/ws-token/", timeout=10, headers=headers).json()
    return f"{token['url']}?ws_token={token['token']}"
