"""The site as production runs it: DEBUG off, hashed static files, gunicorn, behind a proxy that ends TLS."""

import json
import os
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

import pytest

from tests.journeys.site import OF_THE_TESTS, ROOT, free_port

HOST = "www.example.com"
START_SECONDS = 30


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Shows a redirect instead of following it."""

    def redirect_request(self, *args: object) -> None:
        return None


@dataclass
class Answer:
    """Status, headers and body."""

    status: int
    headers: Message
    body: bytes


@dataclass
class Production:
    """A running gunicorn and its log."""

    port: int
    environment: dict[str, str]
    log: Path

    def get(self, path: str, *, secure: bool = True) -> Answer:
        """As the proxy in front asks."""
        headers = {"Host": HOST} | ({"X-Forwarded-Proto": "https"} if secure else {})
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.build_opener(NoRedirects).open(request, timeout=10) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())


def manage(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """`manage.py` with the production environment."""
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What `.env.example` asks for."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OF_THE_TESTS)}
    return inherited | {
        "DOTENV_WINS": "false",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DJANGO_DEBUG": "false",
        "DJANGO_SECRET_KEY": secrets.token_urlsafe(64),
        "DJANGO_BASE_URL": f"https://{HOST}",
        "DJANGO_ALLOWED_HOSTS": HOST,
        "WEBSOCKET_SECRETS": secrets.token_urlsafe(48),
        "WEBSOCKET_ALLOWED_ORIGINS": f"https://{HOST}",
        "AWS_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL_APIGATEWAYV2": "",
        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": "",
        "DATABASE_URL": f"sqlite:///{tmp_path_factory.mktemp('production') / 'db.sqlite3'}",
    }


@pytest.fixture(scope="module")
def production(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    """`collectstatic`, `migrate`, `gunicorn config.wsgi`."""
    for step in (("migrate", "-v", "0"), ("collectstatic", "--no-input", "-v", "0")):
        done = manage(environment, *step)
        assert done.returncode == 0, done.stderr
    site = Production(free_port(), environment, tmp_path_factory.mktemp("log") / "gunicorn.log")
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{site.port}", "--workers", "1"]
    with site.log.open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                site.get("/healthz")
                break
            except OSError:
                time.sleep(0.1)
        yield site
    finally:
        process.terminate()
        process.wait(20)


def test_django_finds_nothing_to_warn_of(environment: dict[str, str]) -> None:
    """`check --deploy` on production settings is silent, with the database that production uses."""
    with_postgresql = environment | {"DATABASE_URL": "postgres://site:site@127.0.0.1:5432/site"}

    done = manage(with_postgresql, "check", "--deploy", "--fail-level", "WARNING")

    assert done.returncode == 0, done.stderr


def test_pages_say_how_browsers_must_treat_them(production: Production) -> None:
    """TLS only, no frames, no guessing of types, own files only."""
    headers = production.get("/").headers

    assert "includeSubDomains" in headers["Strict-Transport-Security"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    policy = headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_pages_may_open_the_sockets_of_this_site_alone(production: Production) -> None:
    """At the custom domain, and at API Gateway's own address while there is none."""
    asked_for = json.loads((ROOT / "config" / "gateway.json").read_text(encoding="utf-8"))
    policy = production.get("/").headers["Content-Security-Policy"]

    (places,) = [part.split()[1:] for part in policy.split(";") if part.split()[0] == "connect-src"]

    assert places == [
        "'self'",
        f"wss://{asked_for['domain_name']}",
        "wss://*.execute-api.eu-central-1.amazonaws.com",
    ]


def test_cookies_travel_over_tls_only(production: Production) -> None:
    """The token endpoint's CSRF cookie as well."""
    cookies = production.get("/").headers.get_all("Set-Cookie", [])

    assert cookies
    assert all("Secure" in cookie for cookie in cookies)


def test_plain_http_is_redirected_except_where_no_redirect_is_followed(production: Production) -> None:
    """API Gateway and load balancers do not follow one."""
    assert production.get("/", secure=False).status == 301
    assert production.get("/healthz", secure=False).status == 200
    assert production.get("/ws/connect", secure=False).status != 301


@pytest.mark.parametrize("path", ["/", "/admin/login/"])
def test_static_files_have_hashed_names_and_are_there(production: Production, path: str) -> None:
    """Each file that the page names, its icon among them, can be fetched, and kept for good."""
    page = production.get(path).body.decode()
    names = [part.split('"')[0] for part in page.split('="')[1:] if part.startswith("/static/")]

    assert any("icon" in name for name in names)
    for name in names:
        answer = production.get(name)
        assert answer.status == 200, name
        assert "immutable" in answer.headers["Cache-Control"], name


def test_an_unready_site_says_so(production: Production) -> None:
    """No gateway is registered or deployed: the deployment must not go on."""
    assert production.get("/readyz").status == 503


def test_the_log_holds_no_query_string(production: Production) -> None:
    """Neither gunicorn's access log nor Django's lines."""
    production.get("/ws/connect?ws_token=must-not-be-logged&channel=lobby")
    production.get("/?ws_token=must-not-be-logged")

    assert "must-not-be-logged" not in production.log.read_text()


def test_every_line_of_the_log_is_an_object(production: Production) -> None:
    """gunicorn's own as well as Django's: what collects them parses one format."""
    production.get("/healthz")

    lines = [json.loads(line) for line in production.log.read_text(encoding="utf-8").splitlines()]

    assert {"gunicorn.error", "gunicorn.access"} <= {line["logger"] for line in lines}
