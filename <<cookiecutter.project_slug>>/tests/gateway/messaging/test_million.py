"""Querysets as large as they come, through the real engine to a server in a process of its own."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gateway.messaging.fan_out import CHUNK
from gateway.models import BroadcastShard, WebSocketSession
from tests.gateway.messaging.conftest import make_sessions

SERVER = Path(__file__).with_name("fast_server.py")
handed: list[int] = []


def hand_over(shard_id: int) -> None:
    """A dispatcher that leaves shards lying."""
    handed.append(shard_id)


@dataclass
class Count:
    """What the server saw."""

    url: str
    calls: int = 0
    connections: int = 0


@contextmanager
def counting() -> Iterator[Count]:
    with subprocess.Popen(
        [sys.executable, SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        count = Count(f"http://127.0.0.1:{process.stdout.readline().strip()}/production")
        yield count
        process.stdin.close()
        count.calls, count.connections = map(int, process.stdout.read().split())


def fill(url: str, count: int) -> None:
    """So many sessions, made by the database out of one."""
    (first,) = make_sessions(url, "id0")
    table = WebSocketSession._meta.db_table
    columns = [
        field.column for field in WebSocketSession._meta.concrete_fields if field.column not in {"id", "connection_id"}
    ]
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count - 1}) "
            f"INSERT INTO {table} (connection_id, {names}) SELECT 'id' || i, {names} FROM {table}, n WHERE id = {first.pk}"
        )
        if connection.vendor == "postgresql":
            cursor.execute(f"ANALYZE {table}")


class Memory:
    """The largest resident size of this process, in bytes, looked at again and again in a thread."""

    def __init__(self) -> None:
        self.before = self.peak = self._now()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def growth(self) -> int:
        return self.peak - self.before

    def _look(self) -> None:
        while not self._ended.wait(0.05):
            self.peak = max(self.peak, self._now())

    @staticmethod
    def _now() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def send_to(count: int) -> None:
    """Everybody once, in queries of a thousand rows, with memory that does not grow."""
    with counting() as seen:
        fill(seen.url, count)
        WebSocketSession.objects.filter(connection_id="id0").send_message({"type": "warm up"})
        connection.queries_log.clear()
        with Memory() as memory, CaptureQueriesContext(connection) as queries:
            delivery = WebSocketSession.objects.filter(channel_name="lobby").send_message({"type": "hello"})

    assert (delivery.sent, delivery.total, delivery.not_sent) == (count, count, {})
    assert (seen.calls, seen.connections) == (count + 1, count)
    assert len(queries) == count // CHUNK + 2  # the addresses of the gateways first, and a page without rows last
    assert all(f"LIMIT {CHUNK}" in query["sql"] for query in queries.captured_queries[1:])
    assert memory.growth < 50_000_000


@pytest.mark.django_db
def test_a_hundred_thousand(websockets: Callable[..., None]) -> None:
    """Always: enough that a list of them would show."""
    websockets(TRANSPORT="aiohttp", SEND_RATE=1e6)

    send_to(100_000)


@pytest.mark.postgres
@pytest.mark.django_db
def test_a_million_in_shards(websockets: Callable[..., None]) -> None:
    """What workers will send to is read as it is written: a million keys are never in memory together."""
    websockets(SHARD_DISPATCHER=f"{__name__}.hand_over", SHARD_SIZE=10_000)
    handed.clear()
    fill("https://nowhere.example/production", 1_000_000)
    connection.queries_log.clear()

    with Memory() as memory, CaptureQueriesContext(connection) as queries:
        delivery = WebSocketSession.objects.filter(channel_name="lobby").send_message({"type": "hello"})

    assert (delivery.pending, len(handed)) == (True, 100)
    pages = [query["sql"] for query in queries.captured_queries if query["sql"].endswith(f" LIMIT {CHUNK}")]
    assert len(pages) == 1_001  # the last is empty
    assert len(queries) < 1_001 + 100 + 20
    assert memory.growth < 50_000_000
    first, last = (BroadcastShard.objects.get(pk=handed[place]).session_ids for place in (0, -1))
    assert (len(first), len(last), last[-1] - first[0]) == (10_000, 10_000, 999_999)


@pytest.mark.slow
@pytest.mark.timeout(1_200)
@pytest.mark.postgres
@pytest.mark.django_db
def test_a_million(websockets: Callable[..., None]) -> None:
    """At full length: a minute or two, or more than the five that a test may take where the machine has other work."""
    websockets(TRANSPORT="aiohttp", SEND_RATE=1e6)

    send_to(1_000_000)
