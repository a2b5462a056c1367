"""Rotating the shared secret refuses no request: two are accepted, then the gateway switches, then one is accepted."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pytest_django.fixtures import Settings
from websockets.sync.client import connect

from gateway import aws, wire
from gateway.models import ApiGateway
from gateway.provisioning.apply import apply
from gateway.provisioning.calls import control_plane
from gateway.provisioning.registration import register
from gateway.testing.emulator import running_emulator

OLD, NEW = "old-secret-old-secret-old-secret-1234", "new-secret-new-secret-new-secret-1234"


class Backend:
    """A site that accepts some secrets and counts the requests that it refuses."""

    def __init__(self) -> None:
        self.accepted: tuple[str, ...] = (OLD,)
        self.seen: list[str] = []
        self.refused = 0

    def answer(self, secret: str) -> int:
        self.seen.append(secret)
        self.refused += secret not in self.accepted
        return 200 if secret in self.accepted else 403


@contextmanager
def serving(backend: Backend) -> Iterator[str]:
    """The backend on a real port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = json.dumps({"type": "ok"}).encode()
            self.send_response(backend.answer(self.headers.get(wire.SECRET, "")))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Traffic(threading.Thread):
    """Somebody who sends a message, waits for its reply, and sends the next one."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.replies = 0
        self.enough = threading.Event()
        self.flowing = threading.Event()

    def run(self) -> None:
        with connect(self.url) as socket:
            while not self.enough.is_set():
                socket.send('{"action": "chat_message"}')
                socket.recv(timeout=10)
                self.replies += 1
                self.flowing.set()


@pytest.mark.django_db
def test_no_request_is_refused_while_the_secret_changes(settings: Settings) -> None:
    """Messages flow all the time, through every call of the apply."""
    backend = Backend()
    with running_emulator() as emulator, serving(backend) as address:
        settings.WEBSOCKETS = settings.WEBSOCKETS | {
            "BASE_URL": address,
            "APIGATEWAYV2_ENDPOINT": emulator.url,
            "MANAGEMENT_ENDPOINT": emulator.url,
            "SECRETS": [OLD],
        }
        aws.forget()
        register()
        apply(ApiGateway.objects.get(), control_plane(), lambda _line: None)
        traffic = Traffic(ApiGateway.objects.get().socket_url)
        traffic.start()
        traffic.flowing.wait(10)

        backend.accepted = (OLD, NEW)
        settings.WEBSOCKETS = settings.WEBSOCKETS | {"SECRETS": [NEW, OLD]}
        apply(ApiGateway.objects.get(), control_plane(), lambda _line: None)
        traffic.flowing.clear()
        traffic.flowing.wait(10)
        backend.accepted = (NEW,)
        traffic.flowing.clear()
        traffic.flowing.wait(10)
        traffic.enough.set()
        traffic.join()

    assert backend.refused == 0
    assert set(backend.seen) == {OLD, NEW}
    assert backend.seen[-1] == NEW
