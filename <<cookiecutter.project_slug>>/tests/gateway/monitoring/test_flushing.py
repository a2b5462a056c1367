"""The background thread that writes the figures, in processes of their own, and the log line of each flush."""

import json
import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from subprocess import Popen
from typing import Any

import pytest
from django.db import connection

from config.logs import JsonFormatter
from gateway import metrics, monitoring
from gateway.models import Metric
from tests.gateway.messaging.children import database, finished, python

NOW = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)
ACCEPTED = 'websocket_connects_total{code="accepted"}'
PATIENCE = 60.0

COUNT = 'from gateway import metrics\nmetrics.count("websocket_connects_total", code="accepted")\n'
UNTIL_KILLED = "threading.Event().wait()\n"
BREAK_THE_FIRST_FLUSH = """
from django.db.backends.signals import connection_created

def fail_once(execute, sql, parameters, many, context):
    context["connection"].execute_wrappers.remove(fail_once)
    raise ZeroDivisionError("no error of a database")

def break_once(connection, **_):
    if threading.current_thread().name == "websocket-figures":
        connection_created.disconnect(break_once)
        connection.execute_wrappers.append(fail_once)

connection_created.connect(break_once)
"""


def counting(script: str, *, seconds: float) -> Popen[str]:
    """A process that runs the script, with a flush every so many seconds."""
    return python(script, "", TEST_WEBSOCKETS=json.dumps({"METRICS_FLUSH_SECONDS": seconds}), **database())


def written() -> float:
    """How many accepted connections the database knows of."""
    return Metric.objects.filter(minute=Metric.TOTAL, series=ACCEPTED).values_list("value", flat=True).first() or 0


def wait_for(number: float) -> None:
    """Until so many are written."""
    end = time.monotonic() + PATIENCE
    while written() != number:
        assert time.monotonic() < end, f"{written()} instead of {number}"
        time.sleep(0.05)


@pytest.mark.django_db(transaction=True)
def test_a_process_writes_while_it_lives() -> None:
    """The first figure starts the thread."""
    process = counting(COUNT + UNTIL_KILLED, seconds=0.1)
    try:
        wait_for(1)
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()


@pytest.mark.django_db(transaction=True)
def test_a_child_of_a_fork_writes_its_own() -> None:
    """As a worker does whose master has counted already: each writes what it has counted itself."""
    process = counting(COUNT + "child = os.fork()\n" + COUNT + "child and os.waitpid(child, 0)\n", seconds=3_600)

    finished(process)

    assert written() == 3


@pytest.mark.django_db(transaction=True)
def test_a_process_writes_when_it_ends() -> None:
    """Long before the thread would have."""
    finished(counting(COUNT, seconds=3_600))

    assert written() == 1


@pytest.mark.django_db(transaction=True)
def test_an_error_of_any_sort_neither_ends_the_thread_nor_loses_figures() -> None:
    """The first flush raises what no database raises. The second writes what was counted before the first."""
    process = counting(BREAK_THE_FIRST_FLUSH + COUNT + UNTIL_KILLED, seconds=0.1)
    try:
        wait_for(1)
    finally:
        process.kill()
        _, err = process.communicate()

    assert err.count("ZeroDivisionError: no error of a database") == 1
    assert "Figures are written again." in err


@pytest.fixture
def table_away(db: None) -> Iterator[None]:
    """Without the table there is nowhere to write."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE gateway_metric RENAME TO gateway_metric_away")
    yield
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE gateway_metric_away RENAME TO gateway_metric")


@pytest.mark.usefixtures("table_away")
def test_a_lasting_trouble_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """Not every ten seconds of a night."""
    monitoring._trouble.clear()
    metrics.count("websocket_connects_total", code="accepted")

    for _ in range(3):
        monitoring.flush(NOW)

    metrics.registry.drain()
    said = [record.message for record in caplog.records if record.name == monitoring.logger.name]
    assert said == ["Figures cannot be written; they are kept until they can."]


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[Any]:
    """What a flush logs, as its JSON lines are read."""
    metrics.registry.drain()
    caplog.set_level(logging.INFO, "gateway.figures")
    yield lambda: [
        json.loads(JsonFormatter().format(record)) for record in caplog.records if record.name == "gateway.figures"
    ]
    metrics.registry.drain()


def test_a_flush_logs_what_it_has_written(db: None, lines: Any) -> None:
    """Of a histogram number and sum."""
    metrics.count("websocket_connects_total", 2, code="accepted")
    metrics.observe("websocket_message_seconds", 0.5, handler="default")

    monitoring.flush(NOW)

    (line,) = lines()
    assert (line["message"], line["left_out"]) == ("figures", 0)
    assert line["figures"] == {
        ACCEPTED: 2,
        'websocket_message_seconds_count{handler="default"}': 1,
        'websocket_message_seconds_sum{handler="default"}': 0.5,
    }


def test_a_flush_of_nothing_logs_nothing(db: None, lines: Any) -> None:
    """A site at night has a quiet log."""
    monitoring.flush(NOW)

    assert lines() == []


def test_a_log_line_of_figures_is_bounded(db: None, lines: Any) -> None:
    """It says how many series it leaves out."""
    for number in range(100):
        metrics.count("websocket_messages_total", handler='"' * 200 + str(number), code="c" * 200)

    monitoring.flush(NOW)

    (line,) = lines()
    assert (len(line["figures"]), line["left_out"]) == (monitoring.MOST_LOGGED, 100 - monitoring.MOST_LOGGED)
    assert len(json.dumps(line)) < 16_384
