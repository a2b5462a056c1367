"""The Dockerfile's steps work, and what comes of them serves, stays healthy and ends when it is told to."""

import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.children import free_port
from tests.images import Image, instructions, python_of_the_image
from tests.rendering import Renderer, files_in

SECRETS = {"DJANGO_SECRET_KEY": "k" * 50, "WEBSOCKET_SECRETS": "s" * 48}
PRIVATE = (".env", "db.sqlite3", "db.sqlite3-wal", ".git/config", ".venv/pyvenv.cfg", ".emulator/state.json")
WAIT_SECONDS = 60


@pytest.fixture(scope="module")
def project(render: Renderer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As it lies on a developer's machine: with secrets and state that are nobody else's."""
    made = render.fresh(tmp_path_factory.mktemp("project"), use_celery=True)
    for name in PRIVATE:
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text("private", encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def image(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Image:
    """Every step of the Dockerfile, carried out."""
    [version] = set(re.findall(r"^FROM python:([\d.]+)-slim", (project / "Dockerfile").read_text(), re.MULTILINE))
    built = Image(tmp_path_factory.mktemp("image") / "root", project, python_of_the_image(version))
    built.build()
    return built


@contextmanager
def container(image: Image, **variables: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The image's command, with the secrets it is given when it starts: its process and its address."""
    port = free_port()
    environment = image.variables() | SECRETS | {"GUNICORN_BIND": f"127.0.0.1:{port}", "WEB_CONCURRENCY": "2"}
    with subprocess.Popen(
        [image.inside(f"/venv/bin/{image.command[0]}"), *image.command[1:]],
        cwd=image.path("."),
        env=environment | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            wait_for(port, process)
            yield process, f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(WAIT_SECONDS)


def wait_for(port: int, process: subprocess.Popen[str]) -> None:
    """Until somebody listens."""
    deadline = time.monotonic() + WAIT_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    process.kill()
    raise AssertionError(process.communicate()[0])


def checked_health(image: Image, address: str) -> subprocess.CompletedProcess[str]:
    """The image's own health check, on the port of this container."""
    command = [word.replace("http://127.0.0.1:8000", address) for word in image.health]
    return subprocess.run(command, env=image.variables(), capture_output=True, text=True, check=False)


def test_it_answers_its_health_check(image: Image) -> None:
    """Without a database, by address, over plain HTTP: as an engine asks."""
    with container(image, DATABASE_URL="postgres://nobody@127.0.0.1:9/none") as (_, address):
        done = checked_health(image, address)

    assert done.returncode == 0, done.stderr


def test_what_does_not_answer_is_not_healthy(image: Image) -> None:
    """A health check that is always content is none."""
    assert checked_health(image, f"http://127.0.0.1:{free_port()}").returncode != 0


def test_it_serves_the_files_of_the_page(image: Image) -> None:
    """Collected when the image was built, under names that change with their content."""
    [collected] = (image.path("staticfiles") / "accounts").glob("site.*.css")
    with container(image) as (_, address):
        request = urllib.request.Request(
            f"{address}/static/accounts/{collected.name}",
            headers={"Host": "example.com", "X-Forwarded-Proto": "https"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert (answer.status, "max-age=315360000" in answer.headers["Cache-Control"]) == (200, True)


def test_it_ends_in_order_when_it_is_told_to(image: Image) -> None:
    """TERM is what an engine sends; gunicorn lets requests finish and ends without an error."""
    with container(image) as (process, _):
        process.send_signal(signal.SIGTERM)

        assert process.wait(WAIT_SECONDS) == 0


def test_it_writes_nothing_into_its_folder(image: Image) -> None:
    """So its root can be read-only."""
    before = files_in(image.path("."))
    with container(image, DATABASE_URL="postgres://nobody@127.0.0.1:9/none") as (_, address):
        checked_health(image, address)

    assert files_in(image.path(".")) == before


def test_secrets_and_state_stay_out(image: Image) -> None:
    """Of the image's folder, and of its settings."""
    copied = files_in(image.path("."))

    assert [name for name in PRIVATE if name in copied] == []
    assert not any(name.startswith(("tests/", ".github/", "terraform/")) for name in copied)
    assert not any("SECRET" in name for name in image.environment)


def test_it_runs_as_somebody_without_rights(image: Image, project: Path) -> None:
    """Who owns none of the files: they were copied before the switch."""
    order = [name for name, _ in instructions(project / "Dockerfile")]

    assert image.user not in {"root", "0"}
    assert max(index for index, name in enumerate(order) if name in {"COPY", "RUN"}) < order.index("USER")


def test_replicas_do_not_migrate(image: Image, project: Path) -> None:
    """One task does it before they start: in compose a service that must have ended well."""
    services = yaml.safe_load((project / "compose.yml").read_text(encoding="utf-8"))["services"]
    web, migrate = services["web"], services["migrate"]

    assert "migrate" not in " ".join(image.command)
    assert "command" not in web
    assert "migrate" in " ".join(migrate["command"])
    assert web["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert migrate["depends_on"]["db"] == {"condition": "service_healthy"}


def test_compose_gives_gunicorn_the_time_it_takes(project: Path) -> None:
    """An engine kills what has not ended by then."""
    web = yaml.safe_load((project / "compose.yml").read_text(encoding="utf-8"))["services"]["web"]
    [graceful] = re.findall(r"^graceful_timeout = (\d+)", (project / "gunicorn.conf.py").read_text(), re.MULTILINE)

    assert int(web["stop_grace_period"].removesuffix("s")) > int(graceful)


def test_what_compose_says_gives_a_page_with_its_files(image: Image, project: Path) -> None:
    """With the laptop's `.env` below it, whose debugging would leave the files to nobody."""
    web = yaml.safe_load((project / "compose.yml").read_text(encoding="utf-8"))["services"]["web"]
    example = dict(re.findall(r"(?m)^([A-Z_0-9]+)=(.*)$", (project / ".env.example").read_text(encoding="utf-8")))
    database = {"DATABASE_URL": f"sqlite:///{image.root / 'compose.sqlite3'}"}
    variables = {**example, **SECRETS, **web["environment"], **database}
    subprocess.run(
        [image.inside("/venv/bin/python"), "manage.py", "migrate", "-v0"],
        cwd=image.path("."),
        env=image.variables() | variables,
        check=True,
    )

    with container(image, **variables) as (_, address), urllib.request.urlopen(address, timeout=30) as page:
        text = page.read().decode()
        for name in re.findall(r'(?:href|src)="(/static/[^"]+)"', text):
            with urllib.request.urlopen(f"{address}{name}", timeout=30) as file:
                assert file.status == 200, name

    assert "/static/accounts/" in text
