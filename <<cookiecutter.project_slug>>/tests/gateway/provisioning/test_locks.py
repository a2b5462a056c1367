"""One run at a time: the second says so at once, and a killed run leaves no lock. With real processes, on either database."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from gateway.models import ApiGateway
from gateway.provisioning.exceptions import BusyError
from gateway.provisioning.locks import ADVISORY_LOCK_CLASS, provisioning_lock
from tests.gateway.provisioning.conftest import Site

HOLDER = """
import sys, django
django.setup()
from gateway.models import ApiGateway
from gateway.provisioning.locks import provisioning_lock
with provisioning_lock(ApiGateway(pk=int(sys.argv[1]), api_name="tests")):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def database(transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database that several processes can share, as a URL."""
    if connection.vendor == "postgresql":
        parts = connection.settings_dict
        return f"postgres://{parts['USER']}:{parts['PASSWORD']}@{parts['HOST']}:{parts['PORT']}/{parts['NAME']}"
    monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "db.sqlite3"))
    return f"sqlite:///{tmp_path / 'db.sqlite3'}"


@contextmanager
def another_run(database: str, key: int) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock until its input ends, or until it is killed."""
    environment = os.environ | {"DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    command = [sys.executable, "-c", HOLDER, str(key)]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_the_second_run_says_so(database: str) -> None:
    """It does not wait: somebody may be watching the first one."""
    lock = provisioning_lock(ApiGateway(pk=7, api_name="tests"))

    with another_run(database, 7), pytest.raises(BusyError, match="Another run is provisioning 'tests' right now"):
        lock.__enter__()


def test_a_killed_run_leaves_no_lock(database: str) -> None:
    """The lock ends with its process, however that ends."""
    with another_run(database, 7) as process:
        process.kill()
        process.wait()
        _wait_until_free(ApiGateway(pk=7, api_name="tests"))

        with provisioning_lock(ApiGateway(pk=7, api_name="tests")):
            pass


def _wait_until_free(gateway: ApiGateway) -> None:
    """PostgreSQL notices the end of a connection a moment later; the advisory lock call waits for exactly that."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [ADVISORY_LOCK_CLASS, gateway.pk])
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [ADVISORY_LOCK_CLASS, gateway.pk])


def test_other_gateways_are_not_held_up(database: str) -> None:
    """Staging can be provisioned while production is."""
    with another_run(database, 7), provisioning_lock(ApiGateway(pk=8, api_name="other")):
        pass


def test_a_run_that_ended_leaves_no_lock(database: str) -> None:
    """Neither after success nor after an error."""
    gateway = ApiGateway(pk=7, api_name="tests")
    with pytest.raises(ZeroDivisionError), provisioning_lock(gateway):
        raise ZeroDivisionError

    with provisioning_lock(gateway), another_run_is_refused(database):
        pass


@contextmanager
def another_run_is_refused(database: str) -> Iterator[None]:
    environment = os.environ | {"DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run(
        [sys.executable, "-c", HOLDER, "7"], env=environment, input="", capture_output=True, text=True, check=False
    )
    assert "BusyError" in done.stderr
    yield


def test_the_command_says_so_and_changes_nothing(live: Site) -> None:
    """One sentence instead of two runs in each other's way."""
    live.change(throttling_rate_limit=7)

    with provisioning_lock_elsewhere(live.gateway), pytest.raises(CommandError, match="Another run is provisioning"):
        call_command("provision_gateway", verbosity=0)

    stage = live.client.get_stage(ApiId=live.gateway.api_id, StageName="production")
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == 10_000


@contextmanager
def provisioning_lock_elsewhere(gateway: ApiGateway) -> Iterator[None]:
    """Held by another thread, which has a database connection of its own."""
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with provisioning_lock(gateway):
            held.set()
            release.wait()
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    try:
        yield
    finally:
        release.set()
        thread.join()
