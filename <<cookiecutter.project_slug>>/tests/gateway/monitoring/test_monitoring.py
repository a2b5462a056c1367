"""Figures: counted in the process, flushed to one table, read by people and by Prometheus."""

import os
import re
import signal
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gateway import metrics, monitoring
from gateway.models import ApiGateway, Metric, WebSocketSession
from gateway.views.metrics import exposition

NOW = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)
ACCEPTED = 'websocket_connects_total{code="accepted"}'


@pytest.fixture(autouse=True)
def _nothing_counted_yet() -> Iterator[None]:
    metrics.registry.drain()
    yield
    metrics.registry.drain()


def test_counting_takes_no_statement(django_assert_num_queries: object, db: None) -> None:
    """The request path only touches memory."""
    with CaptureQueriesContext(connection) as queries:
        metrics.count("websocket_connects_total", code="accepted")
        metrics.observe("websocket_message_seconds", 0.02, handler="default")

    assert len(queries) == 0


def test_an_unknown_name_is_a_mistake() -> None:
    """A figure without a sentence about it would be a figure that nobody finds."""
    with pytest.raises(ValueError, match="no counter"):
        metrics.count("websocket_conects_total")


def test_flush_adds_to_the_minute_and_to_the_total(db: None) -> None:
    """Two flushes in different minutes leave two minutes and their sum."""
    metrics.count("websocket_connects_total", code="accepted")
    monitoring.flush(NOW)
    metrics.count("websocket_connects_total", 2, code="accepted")
    monitoring.flush(NOW + timedelta(minutes=1))

    values = dict(Metric.objects.filter(series=ACCEPTED).values_list("minute", "value"))
    minute = monitoring.minute_of(NOW)
    assert values == {Metric.TOTAL: 3, minute: 1, minute + 1: 2}


def test_old_minutes_are_deleted(db: None) -> None:
    """The table is bounded by its retention."""
    metrics.count("websocket_connects_total", code="accepted")
    monitoring.flush(NOW - timedelta(days=30))
    monitoring.flush(NOW)

    minutes = set(Metric.objects.filter(series=ACCEPTED).values_list("minute", flat=True))
    assert minutes == {Metric.TOTAL}


def test_a_flush_that_fails_loses_nothing(db: None, settings: object) -> None:
    """Without the table there is nowhere to write; the figures wait."""
    metrics.count("websocket_connects_total", code="accepted")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE gateway_metric RENAME TO gateway_metric_away")
    try:
        assert monitoring.flush(NOW) == 0
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE gateway_metric_away RENAME TO gateway_metric")

    assert metrics.registry.drain() == {ACCEPTED: 1}


def test_a_minute_has_one_sample_of_open_sessions(db: None) -> None:
    """Whichever worker comes first samples; the others leave it."""
    monitoring.flush(NOW)
    monitoring.flush(NOW)

    assert Metric.objects.filter(series__startswith=monitoring.STALE_SESSIONS).count() == 1


@pytest.mark.django_db(transaction=True)
def test_several_workers_add_up() -> None:
    """Ten flushes at once, of the same series: nothing is lost and nothing deadlocks."""

    def worker() -> None:
        monitoring._add(Metric.TOTAL, {ACCEPTED: 1, "another_total{}": 1})
        connections.close_all()

    threads = [threading.Thread(target=worker) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Metric.objects.get(minute=Metric.TOTAL, series=ACCEPTED).value == 10


def test_prometheus_reads_cumulated_buckets(db: None) -> None:
    """Stored apart, shown cumulated, as the text format wants it."""
    for seconds in (0.003, 0.02, 60.0):
        metrics.observe("websocket_message_seconds", seconds, handler="default")
    monitoring.flush(NOW)

    lines = exposition().splitlines()

    assert 'websocket_message_seconds_bucket{handler="default",le="0.005"} 1' in lines
    assert 'websocket_message_seconds_bucket{handler="default",le="0.025"} 2' in lines
    assert 'websocket_message_seconds_bucket{handler="default",le="+Inf"} 3' in lines
    assert 'websocket_message_seconds_count{handler="default"} 3' in lines


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1_234_567, "1234567"), (9_007_199_254_740_991, "9007199254740991"), (1_234_567.25, "1234567.25")],
)
def test_large_figures_keep_their_digits(db: None, value: float, shown: str) -> None:
    """A counter that is cut to six digits stands still between two millions."""
    metrics.count("websocket_connects_total", value, code="accepted")
    monitoring.flush(NOW)

    assert f"{ACCEPTED} {shown}" in exposition().splitlines()


@pytest.mark.parametrize(
    ("code", "label"), [(None, "none"), (1001, "1001"), (1016, "1xxx"), (4_321, "4xxx"), (7, "0xxx")]
)
def test_close_codes_are_few(code: int | None, label: str) -> None:
    """A client may send four thousand different ones; each series is a row a minute."""
    assert metrics.close_code(code) == label


def test_open_sessions_by_gateway(db: None) -> None:
    """A gateway without connections has a figure too; one that nobody can be connected to any more is not open but stale."""
    busy, idle = (ApiGateway.objects.create(api_name=name) for name in ("busy", "idle"))
    for name, hours, connected in (("a=", 1, True), ("b=", 3, True), ("c=", 1, False)):
        WebSocketSession.objects.create(
            connection_id=name, api_gateway=busy, created_on=NOW - timedelta(hours=hours), connected=connected
        )

    assert monitoring.gauges(NOW) == {
        f'websocket_sessions{{gateway="{busy}"}}': 1,
        f'websocket_sessions{{gateway="{idle}"}}': 0,
        'websocket_channel_sessions{channel="",gateway="busy"}': 1,
        "websocket_stale_sessions{}": 1,
    }


def test_a_child_does_not_count_what_its_parent_counted() -> None:
    """Both would write it. Nor does it inherit the lock, which another thread may hold at the fork."""
    metrics.count("websocket_connects_total", code="accepted")
    reading, writing = os.pipe()
    with metrics.registry._lock:
        child = os.fork()
        if not child:
            signal.alarm(30)
            metrics.count("websocket_connects_total", code="token_invalid")
            os.write(writing, "\n".join(metrics.registry.drain()).encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)

    assert told == 'websocket_connects_total{code="token_invalid"}'
    assert metrics.registry.drain() == {ACCEPTED: 1}


def test_labels_cannot_break_out() -> None:
    """A quote or a line break in a label stays inside it."""
    assert metrics.series("x_total", code='a"b\nc\\') == 'x_total{code="a\\"b\\nc\\\\"}'


@pytest.mark.parametrize("text", ["x" * 127, '"' * 127, "\\" * 127, "\n" * 127, "a" + '"' * 127, "\U0001f600" * 127])
def test_labels_that_begin_alike_stay_apart(text: str) -> None:
    """Cut where they are too long once they are escaped, they end with a hash of the whole."""
    first, second = (metrics.series("x_total", code=text + end) for end in "ab")

    assert first != second
    assert len(first) <= len('x_total{code=""}') + metrics.LONGEST_LABEL
    assert re.fullmatch(r'x_total\{code="(?:[^"\\\n]|\\["\\n])*"\}', first)


@pytest.mark.parametrize("name", ["x" * 128, '"' * 128, "\\" * 128])
def test_the_longest_names_can_be_written(db: None, name: str) -> None:
    """A column that is too short for one series would keep all of them from the database. Channels keep a figure each."""
    gateway = ApiGateway.objects.create(api_name=name)
    for number in range(2):
        channel = "c" * 190 + str(number)
        WebSocketSession.objects.create(
            connection_id=f"{number}=", channel_name=channel, api_gateway=gateway, created_on=timezone.now()
        )
    metrics.count("websocket_messages_total", handler="h" * 300, code="c" * 300)
    metrics.observe("websocket_message_seconds", 99, handler='"' * 300)

    assert monitoring.flush() == 4

    rows = Metric.objects.values_list("series", flat=True)
    assert max(map(len, rows)) <= 255
    assert sum(row.startswith("websocket_channel_sessions") for row in rows) == 2


@pytest.mark.parametrize(
    ("counts", "share", "expected"),
    [
        ({}, 0.5, None),
        ({"0.005": 10}, 0.95, 0.005),
        ({"0.005": 9, "1.0": 1}, 0.5, 0.005),
        ({"0.005": 9, "1.0": 1}, 0.95, 1.0),
    ],
)
def test_percentile(counts: dict[str, float], share: float, expected: float | None) -> None:
    """The bound of the bucket in which the wanted observation lies."""
    assert monitoring.percentile(counts, share) == expected
