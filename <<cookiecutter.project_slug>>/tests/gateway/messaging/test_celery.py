"""Shards in real Celery workers, with Redis or SQS between: skipped where Celery is not installed."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gateway.messaging.delivery import Delivery
from gateway.messaging.fan_out import CHUNK
from gateway.models import Broadcast, Metric, WebSocketSession
from tests.gateway.messaging import behaviours
from tests.gateway.messaging.children import PROJECT, database, environment, finished, python
from tests.gateway.messaging.conftest import make_sessions
from tests.gateway.messaging.server import ManagementServer, Reply

pytest.importorskip("celery")
if not shutil.which("redis-server"):
    pytest.skip("needs redis-server", allow_module_level=True)

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
SEND = 'print(WebSocketSession.objects.all().send_message({"type": "hello"}).broadcast_id)'
RESUME = """
from datetime import timedelta
from gateway.models.broadcast import resume
from gateway.tasks import dispatch
resume(dispatch, timedelta(0))
"""
TAKES_OVER = {"visibility_timeout": 1}
"""A worker that has this gives out, when it starts, what another took more than a second ago: Redis's hour in short."""


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    """A Redis of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any("eady to accept connections" in line for line in process.stdout)
        try:
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()


@pytest.fixture
def sqs() -> Iterator[str]:
    """SQS on this machine."""
    pytest.importorskip("flask")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"sqs://local:local@{host}:{port}//"
    server.stop()


@pytest.fixture(params=["redis", "sqs"])
def broker(request: Any) -> str:
    return str(request.getfixturevalue(request.param))


@contextmanager
def worker(broker: str, **more: str) -> Iterator[subprocess.Popen[str]]:
    """A Celery worker with two processes, on the database of this test. The four of them are killed together."""
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "--concurrency", "2", "--loglevel", "INFO"]
    with subprocess.Popen(
        command,
        cwd=PROJECT,
        env=environment(CELERY_BROKER_URL=broker, **database(), **more),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stderr is not None
            assert any(" ready." in line for line in process.stderr)
            # What it says later must be read, or it would block on a full pipe.
            threading.Thread(target=process.stderr.read, daemon=True).start()
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def send(broker: str, shard_size: int) -> Broadcast:
    """A process of its own sends to everybody, in shards, and ends."""
    websockets = json.dumps({"SHARD_SIZE": shard_size})
    sender = python(SEND, "", CELERY_BROKER_URL=broker, TEST_WEBSOCKETS=websockets, **database())
    return Broadcast.objects.get(pk=finished(sender).strip())


def account_of(broadcast: Broadcast) -> Delivery:
    """The account, when it is complete."""
    for _ in range(1_200):
        whole = broadcast.delivery()
        if not whole.pending:
            return whole
        threading.Event().wait(0.05)
    raise AssertionError(whole)


def test_workers_carry_a_broadcast_out(management: ManagementServer, broker: str) -> None:
    """The caller returns at once; two processes send to everybody once; the account can be asked for."""
    ids = [f"id{n}" for n in range(3_000)]
    make_sessions(management.url, *ids)

    with worker(broker):
        broadcast = send(broker, shard_size=500)
        whole = account_of(broadcast)

    assert broadcast.shards.count() == 6
    assert (whole.sent, whole.total) == (3_000, 3_000)
    assert management.counts() == dict.fromkeys(ids, 1)


def test_a_worker_that_stops_leaves_its_figures(management: ManagementServer, redis: str) -> None:
    """Its processes write what they have counted before they end, however long it is to the next flush."""
    make_sessions(management.url, *[f"id{n}" for n in range(100)])
    flushing = json.dumps({"METRICS_FLUSH_SECONDS": 3_600})

    with worker(redis, TEST_WEBSOCKETS=flushing) as process:
        account_of(send(redis, shard_size=10))
        process.terminate()
        process.wait(30)

    sent = Metric.objects.get(minute=Metric.TOTAL, series='websocket_posts_total{outcome="sent"}')
    assert sent.value == 100


def test_a_young_connection(management: ManagementServer, redis: str) -> None:
    """One whose `$connect` has not returned is tried again by a worker, too, and never taken for dead."""
    make_sessions(management.url, *[f"old{n}" for n in range(20)])
    management.behaviour = behaviours.answers(
        lambda call, count: (410, "GoneException", "") if call.connection_id.startswith("new") and count <= 2 else None
    )

    with worker(redis):
        make_sessions(management.url, *[f"new{n}" for n in range(20)], age=0)
        whole = account_of(send(redis, shard_size=15))

    assert (whole.sent, whole.total) == (40, 40)


class Middle(NamedTuple):
    """A worker whose two processes are each in the middle of a shard. Nobody is answered any more before `release`."""

    worker: subprocess.Popen[str]
    broadcast: Broadcast
    release: threading.Event


@contextmanager
def in_the_middle(management: ManagementServer, broker: str) -> Iterator[Middle]:
    """The second of three chunks, in both shards."""
    make_sessions(management.url, *[f"id{n:04}" for n in range(5_000)])
    release = threading.Event()

    async def answer(*_: object) -> Reply:
        if len(management.calls) > 3_500:
            await asyncio.to_thread(release.wait, 30)
        return 200, "", ""

    management.behaviour = answer
    with worker(broker) as process:
        broadcast = send(broker, shard_size=2_500)
        try:
            management.wait_for(lambda calls: len(calls) > 3_550)
            yield Middle(process, broadcast, release)
        finally:
            release.set()


def assert_complete(management: ManagementServer, broadcast: Broadcast) -> None:
    """Everybody was sent to, and counted once; of each shard at most one chunk was sent to twice."""
    whole = account_of(broadcast)
    assert (whole.sent, whole.total) == (5_000, 5_000)
    counts = management.counts()
    assert (len(counts), max(counts.values())) == (5_000, 2)
    names = dict(WebSocketSession.objects.values_list("pk", "connection_id"))
    for shard in broadcast.shards.all():
        repeated = {place // CHUNK for place, pk in enumerate(shard.session_ids) if counts[names[pk]] == 2}
        assert len(repeated) <= 1


@pytest.mark.parametrize("by", ["the broker", "the clock"])
def test_a_worker_that_is_killed(management: ManagementServer, redis: str, by: str) -> None:
    """Another takes its shards over: from the broker in the end, and before that from the database, as beat does."""
    with in_the_middle(management, redis) as middle:
        os.killpg(middle.worker.pid, signal.SIGKILL)
        so_far = middle.broadcast.delivery()
    assert so_far.pending
    assert so_far.sent <= management.answered[200]

    options = {"TEST_TRANSPORT_OPTIONS": json.dumps(TAKES_OVER)} if by == "the broker" else {}
    with worker(redis, **options):
        if by == "the clock":
            finished(python(RESUME, "", CELERY_BROKER_URL=redis, **database()))
        assert_complete(management, middle.broadcast)


def test_the_processes_of_a_worker_are_killed(management: ManagementServer, broker: str) -> None:
    """Their shards are given back soon, and the next processes take them."""
    with in_the_middle(management, broker) as middle:
        children = subprocess.run(["pgrep", "-P", str(middle.worker.pid)], capture_output=True, text=True, check=True)
        # All of them: which one is in the middle of a chunk is not to be seen from here.
        for child in children.stdout.split():
            os.kill(int(child), signal.SIGKILL)
        middle.release.set()
        assert_complete(management, middle.broadcast)
