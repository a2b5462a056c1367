"""Requests as nobody should make them: a good one with a few things wrong."""

import io
import json
import secrets
from collections.abc import Callable
from random import Random
from typing import Any, Final

from gateway import wire
from gateway.testing import make_headers
from gateway.wire import EventKind
from tests.gateway.fuzz import odd

Environ = dict[str, Any]


def good(random: Random, kind: EventKind, connection_id: str, token: str) -> Environ:
    """A request that the view accepts."""
    headers = make_headers(kind=kind, connection_id=connection_id, origin="https://www.example.com")
    body = b""
    if kind is EventKind.MESSAGE:
        headers.pop("Origin")
        body = json.dumps({"action": random.choice(["note", "ask", "x"]), "text": "x", "id": 1}).encode()
    environ: Environ = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": f"/ws/{wire.slug_of(headers[wire.ROUTE])}",
        "QUERY_STRING": f"ws_token={token}" if kind is EventKind.CONNECT else "",
        "CONTENT_TYPE": "application/json",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "testserver",
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
    }
    environ |= {wire.meta_key(name): value for name, value in headers.items()}
    set_body(environ, body)
    return environ


def set_body(environ: Environ, body: bytes) -> None:
    """The body and its length."""
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))


def odd_header(random: Random, environ: Environ) -> None:
    name = wire.meta_key(random.choice(odd.HEADERS + odd.MORE_HEADERS))
    environ[name] = random.choice(odd.ODD_TEXTS)


def doubled_header(random: Random, environ: Environ) -> None:
    name = wire.meta_key(random.choice(odd.HEADERS))
    environ[name] = f"{environ.get(name, '')},{random.choice(odd.ODD_TEXTS)}"


def missing_header(random: Random, environ: Environ) -> None:
    environ.pop(wire.meta_key(random.choice(odd.HEADERS + odd.MORE_HEADERS)), None)


def odd_field(random: Random, environ: Environ) -> None:
    body = {random.choice(odd.KEYS): random.choice(odd.ODD_VALUES) for _ in range(random.randint(1, 4))}
    set_body(environ, json.dumps(body).encode())


def raw_body(random: Random, environ: Environ) -> None:
    set_body(environ, random.choice(odd.RAW_BODIES))


def random_bytes(random: Random, environ: Environ) -> None:
    set_body(environ, random.randbytes(random.randint(0, 200)))


def broken_body(random: Random, environ: Environ) -> None:
    body = bytearray(b'{"action":"note","text":"x","stars":[1,2.5e3],"id":"\\u00e9"}')
    for _ in range(random.randint(1, 3)):
        body[random.randrange(len(body))] = random.randrange(256)
    set_body(environ, bytes(body))


def odd_length(random: Random, environ: Environ) -> None:
    environ["CONTENT_LENGTH"] = random.choice(["", "-1", "abc", "131073", "9" * 30, "1", "\xb2"])


def odd_content_type(random: Random, environ: Environ) -> None:
    environ["CONTENT_TYPE"] = random.choice(odd.CONTENT_TYPES)


def odd_query(random: Random, environ: Environ) -> None:
    environ["QUERY_STRING"] = random.choice(odd.QUERIES)


def more_query(random: Random, environ: Environ) -> None:
    environ["QUERY_STRING"] += "&" + random.choice(odd.QUERIES)


def odd_method(random: Random, environ: Environ) -> None:
    environ["REQUEST_METHOD"] = random.choice(odd.METHODS)


def odd_path(random: Random, environ: Environ) -> None:
    environ["PATH_INFO"] = random.choice(odd.PATHS)


def used_id(random: Random, environ: Environ) -> None:
    environ[wire.meta_key(wire.CONNECTION_ID)] = random.choice(["live=", "live=\x00", f"{secrets.token_hex(4)}="])


MUTATIONS: Final[tuple[Callable[[Random, Environ], None], ...]] = (
    odd_header,
    odd_header,
    odd_header,
    doubled_header,
    missing_header,
    odd_field,
    odd_field,
    raw_body,
    random_bytes,
    broken_body,
    odd_length,
    odd_content_type,
    odd_query,
    more_query,
    odd_method,
    odd_path,
    used_id,
)
