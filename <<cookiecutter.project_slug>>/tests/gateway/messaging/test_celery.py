"""Shards in real Celery workers, with Redis between: skipped where Celery is not installed."""

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connections

from gateway.models import Broadcast, WebSocketSession
from tests.gateway.messaging.conftest import make_sessions
from tests.gateway.messaging.server import ManagementServer

pytest.importorskip("celery")
if not shutil.which("redis-server"):
    pytest.skip("needs redis-server", allow_module_level=True)

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    """A Redis of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as redis:
        assert redis.stdout is not None
        assert any("eady to accept connections" in line for line in redis.stdout)
        yield f"redis://127.0.0.1:{port}/0"
        redis.terminate()


@pytest.fixture
def worker(broker: str) -> Iterator[subprocess.Popen[str]]:
    """A Celery worker with two processes, on the database of this test."""
    name = connections["default"].settings_dict["NAME"]
    url = os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{name}"
    environment = os.environ | {
        "DATABASE_URL": url,
        "CELERY_BROKER_URL": broker,
        "DJANGO_SETTINGS_MODULE": "tests.gateway.messaging.aiohttp_settings",
        "PYTHONPATH": str(PROJECT),
    }
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "--concurrency", "2", "--loglevel", "INFO"]
    with subprocess.Popen(command, cwd=PROJECT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any(" ready." in line for line in process.stderr)
        # What it says later must be read, or it would block on a full pipe.
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield process
        process.terminate()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("worker")
def test_workers_carry_a_broadcast_out(
    management: ManagementServer, broker: str, websockets: Callable[..., None]
) -> None:
    """The caller returns at once; two processes send to everybody once; the account can be asked for."""
    from config.celery import app

    websockets(TRANSPORT="aiohttp", SHARD_DISPATCHER="gateway.tasks.dispatch", SHARD_SIZE=500)
    app.conf.broker_url = broker
    ids = [f"id{n}" for n in range(3_000)]
    make_sessions(management.url, *ids)

    delivery = WebSocketSession.objects.all().send_message({"type": "hello"})
    management.wait_for(lambda calls: len(calls) >= 3_000)

    broadcast = Broadcast.objects.get(pk=delivery.broadcast_id)
    while (whole := broadcast.delivery()).pending:
        threading.Event().wait(0.05)
    assert (whole.sent, whole.total) == (3_000, 3_000)
    assert management.counts() == dict.fromkeys(ids, 1)
