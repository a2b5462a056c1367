"""The backend of the API under test: a real HTTP server that remembers every request and answers as the request itself asks.

`$connect` says in its query string what it wants, a message in its JSON body: `status`, `body`, `delay` (seconds), `subprotocol`.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SECONDS = 20.0
CONNECTION_ID = "X-Conformance-Connection-Id"


@dataclass(frozen=True)
class Call:
    """A request of the gateway."""

    path: str
    query: dict[str, list[str]]
    method: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of a header, None without; several are joined as HTTP allows."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    @property
    def wishes(self) -> dict[str, Any]:
        """What the request asks of its answer."""
        if not self.body:
            return {name: values[-1] for name, values in self.query.items()}
        try:
            body = json.loads(self.body)
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}


class Recorder:
    """Every request so far, in order."""

    def __init__(self, host: str, port: int) -> None:
        self.calls: list[Call] = []
        self._changed = threading.Condition()
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                # A gateway that has given up waiting has hung up.
                with suppress(ConnectionError):
                    recorder.answer(self)

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer((host, port), Handler)
        self.server.daemon_threads = True

    @property
    def port(self) -> int:
        return self.server.server_port

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Remember a request, and answer it."""
        address = urlsplit(handler.path)
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        headers = [(name, value) for name, value in handler.headers.items()]
        call = Call(address.path, parse_qs(address.query), handler.command, headers, body)
        with self._changed:
            self.calls.append(call)
            self._changed.notify_all()
        wishes = call.wishes
        time.sleep(float(wishes.get("delay", 0)))
        content = str(wishes.get("body", "")).encode()
        handler.send_response(int(wishes.get("status", 200)))
        handler.send_header("Content-Length", str(len(content)))
        handler.send_header("X-Of-The-Backend", "yes")
        if "subprotocol" in wishes:
            handler.send_header("Sec-WebSocket-Protocol", str(wishes["subprotocol"]))
        handler.end_headers()
        handler.wfile.write(content)

    def wait_for(
        self, name: str, connection_id: str | None = None, *, body: bytes | None = None, since: int = 0
    ) -> Call:
        """The first request to `/name` of that connection (or with that body), waiting for it if need be.

        Raises AssertionError if it does not come.
        """
        found: list[Call] = []

        def look() -> bool:
            found[:] = [call for call in self.calls[since:] if self._fits(call, name, connection_id, body)]
            return bool(found)

        with self._changed:
            assert self._changed.wait_for(look, SECONDS), f"no request to /{name} came"
        return found[0]

    def count(self, name: str, connection_id: str) -> int:
        """How many requests of a connection came to `/name` so far."""
        with self._changed:
            return sum(self._fits(call, name, connection_id, None) for call in self.calls)

    def _fits(self, call: Call, name: str, connection_id: str | None, body: bytes | None) -> bool:
        return (
            call.path.endswith(f"/{name}")
            and (connection_id is None or call.header(CONNECTION_ID) == connection_id)
            and (body is None or call.body == body)
        )


@contextmanager
def recording(host: str = "127.0.0.1", port: int = 0) -> Iterator[Recorder]:
    """A recorder for the time of a `with` block."""
    recorder = Recorder(host, port)
    thread = threading.Thread(target=recorder.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield recorder
    finally:
        recorder.server.shutdown()
        recorder.server.server_close()
