"""The site as production serves it: gunicorn with several processes, on the tests' own database."""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import connection

ENVIRONMENT = {"DJANGO_SETTINGS_MODULE": "tests.settings", "DJANGO_ALLOWED_HOSTS": "127.0.0.1"}
STOP_SECONDS = 60.0
ANSWER_SECONDS = 60.0


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def data(self) -> dict[str, Any]:
        """The body's JSON object; empty when there is none."""
        return json.loads(self.body) if self.body else {}


@dataclass(frozen=True)
class Site:
    """A running site."""

    port: int

    def post(self, path: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """A POST on a connection of its own."""
        return self._request("POST", path, headers, body)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """A GET on a connection of its own."""
        return self._request("GET", path, headers or {}, b"")

    def _request(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)
        try:
            link.request(method, path, body, dict(headers))
            response = link.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            link.close()

    def raw(self, request: bytes) -> bytes:
        """Bytes as they are, for what no HTTP library sends. Returns the answer's first line and what came with it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_SECONDS) as link:
            link.sendall(request)
            answer = b""
            while chunk := link.recv(65_536):
                answer += chunk
        return answer


def database() -> dict[str, str]:
    """The database that the tests use, where another process can reach it."""
    given = connection.settings_dict
    if connection.vendor != "postgresql":
        return {"DATABASE_URL": f"sqlite:///{given['NAME']}"}
    password = f":{quote(given['PASSWORD'], safe='')}" if given["PASSWORD"] else ""
    address = f"{given['USER']}{password}@{given['HOST']}:{given['PORT'] or 5432}/{given['NAME']}"
    return {"DATABASE_URL": f"postgres://{address}"}


@contextmanager
def running_site(
    *, workers: int = 4, threads: int = 4, log: Path = Path(os.devnull), **environment: str
) -> Iterator[Site]:
    """Starts gunicorn with the project's own configuration, and stops it again. What it prints goes to `log`."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener, log.open("wb") as output:
        os.set_inheritable(listener.fileno(), True)
        command = [sys.executable, "-m", "gunicorn", "--preload", "--bind", f"fd://{listener.fileno()}"]
        command += ["--workers", str(workers), "--threads", str(threads), "config.wsgi"]
        process = subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            env=os.environ | ENVIRONMENT | database() | environment,
            pass_fds=[listener.fileno()],
            stdout=output,
            stderr=output,
        )
        site = Site(listener.getsockname()[1])
        try:
            assert site.get("/healthz").status == 200  # the socket listens already: this waits for a worker
            yield site
        finally:
            process.terminate()
            process.wait(timeout=STOP_SECONDS)


def at_once(actions: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """Does all of it at the same moment, each in a thread of its own."""
    start = threading.Barrier(len(actions))

    def act(action: Callable[[], Answer]) -> Answer:
        start.wait()
        return action()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(act, actions))
