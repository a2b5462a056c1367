"""Figures for people and for Prometheus: written by a background thread, read from one bounded table."""

import atexit
import logging
import os
import re
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db import DatabaseError, connection, transaction
from django.db.models import Count, Q
from django.utils import timezone

from gateway.conf import conf
from gateway.limits import MAX_CONNECTION_SECONDS
from gateway.metrics import BUCKETS, COUNTERS, HISTOGRAMS, Series, registry, series
from gateway.models import ApiGateway, Metric, WebSocketSession

logger = logging.getLogger(__name__)

OPEN_SESSIONS = "websocket_sessions"
STALE_SESSIONS = "websocket_stale_sessions"
GAUGES: Mapping[str, str] = {
    OPEN_SESSIONS: "Sessions believed to be connected, by gateway.",
    STALE_SESSIONS: "Sessions still marked as connected although no connection can be that old.",
}
BOUND = re.compile(r'(?P<before>.*)le="(?P<bound>[^"]+)",?(?P<after>.*)')


def minute_of(now: datetime) -> int:
    """Minutes since the epoch."""
    return int(now.timestamp() // 60)


# --- Writing ------------------------------------------------------------------------------------------------------


def flush(now: datetime | None = None) -> int:
    """Writes what this process has counted, and returns the number of series. What cannot be written is kept for next time."""
    values = registry.drain()
    minute = minute_of(now or timezone.now())
    try:
        with transaction.atomic():
            _add(Metric.TOTAL, values)
            _add(minute, values)
            _sample_sessions(minute)
            Metric.objects.filter(
                minute__gt=Metric.TOTAL, minute__lt=minute - conf().METRICS_RETENTION_MINUTES
            ).delete()
    except DatabaseError:
        registry.add(values)
        logger.warning("Figures could not be written; they are kept for the next flush.", exc_info=True)
        return 0
    return len(values)


def _add(minute: int, values: Mapping[Series, float]) -> None:
    """Sorted, so that two workers flushing at once wait for each other instead of deadlocking."""
    table = connection.ops.quote_name(Metric._meta.db_table)
    statement = (
        f"INSERT INTO {table} (minute, series, value) VALUES (%s, %s, %s) "  # noqa: S608  (the name is ours)
        f"ON CONFLICT (minute, series) DO UPDATE SET value = {table}.value + excluded.value"
    )
    with connection.cursor() as cursor:
        cursor.executemany(statement, [(minute, name, value) for name, value in sorted(values.items())])


def _sample_sessions(minute: int) -> None:
    """Once a minute, by whichever worker comes first."""
    if Metric.objects.filter(minute=minute, series__startswith=OPEN_SESSIONS).exists():
        return
    Metric.objects.bulk_create(
        [Metric(minute=minute, series=name, value=value) for name, value in gauges().items()], ignore_conflicts=True
    )


class Flusher(threading.Thread):
    """Flushes every `METRICS_FLUSH_SECONDS`, and once more when the process ends."""

    def __init__(self) -> None:
        super().__init__(name="websocket-figures", daemon=True)
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(conf().METRICS_FLUSH_SECONDS):
            flush()
            connection.close()

    def finish(self) -> None:
        self.ended.set()
        flush()


def start_flushing() -> None:
    """Arms the registry: the first figure counted in this process, or in a child forked from it, starts the thread."""

    def start() -> None:
        flusher = Flusher()
        flusher.start()
        atexit.register(flusher.finish)

    def arm() -> None:
        registry.on_first = start if conf().METRICS_FLUSH_SECONDS > 0 else None

    arm()
    os.register_at_fork(after_in_child=arm)


# --- Reading ------------------------------------------------------------------------------------------------------


def gauges(now: datetime | None = None) -> dict[Series, float]:
    """What is counted in the database rather than in the process: one statement for each kind."""
    oldest = (now or timezone.now()) - timedelta(seconds=MAX_CONNECTION_SECONDS)
    young = Q(websocket_sessions__connected=True, websocket_sessions__created_on__gt=oldest)
    gateways = ApiGateway.objects.annotate(open_sessions=Count("websocket_sessions", filter=young))
    values: dict[Series, float] = {
        series(OPEN_SESSIONS, gateway=gateway.api_name): gateway.open_sessions for gateway in gateways
    }
    values[series(STALE_SESSIONS)] = WebSocketSession.objects.filter(connected=True, created_on__lte=oldest).count()
    return values


def totals() -> dict[Series, float]:
    """Every counter and histogram since the table was made."""
    return dict(Metric.objects.filter(minute=Metric.TOTAL).values_list("series", "value"))


def history(name: str, *, minutes: int, now: datetime | None = None) -> dict[str, dict[int, float]]:
    """Values of one name by labels and minute, for the last `minutes`."""
    since = minute_of(now or timezone.now()) - minutes
    rows = Metric.objects.filter(minute__gt=max(since, Metric.TOTAL), series__startswith=name + "{")
    by_labels: dict[str, dict[int, float]] = defaultdict(dict)
    for minute, text, value in rows.values_list("minute", "series", "value"):
        by_labels[text[len(name) + 1 : -1]][minute] = value
    return dict(by_labels)


def percentile(counts: Mapping[str, float], share: float) -> float | None:
    """The upper bound, in seconds, of the bucket in which that share of the observations lies; None without any.

    `counts` maps a bucket's bound, as text, to the observations in that bucket alone.
    """
    wanted = sum(counts.values()) * share
    if not wanted:
        return None
    gathered = 0.0
    for bound in BUCKETS:
        gathered += counts.get(str(bound), 0)
        if gathered >= wanted:
            return bound
    return float("inf")


def exposition() -> str:
    """Everything in Prometheus's text format, version 0.0.4."""
    stored = totals() | gauges()
    lines: list[str] = []
    for name, sentence in {**COUNTERS, **GAUGES}.items():
        lines += [f"# HELP {name} {sentence}", f"# TYPE {name} {'counter' if name in COUNTERS else 'gauge'}"]
        lines += _lines(name, stored)
    for name, sentence in HISTOGRAMS.items():
        lines += [f"# HELP {name} {sentence}", f"# TYPE {name} histogram"]
        lines += _cumulated(f"{name}_bucket", stored) + _lines(f"{name}_sum", stored) + _lines(f"{name}_count", stored)
    return "\n".join(lines) + "\n"


def _lines(name: str, stored: Mapping[Series, float]) -> list[str]:
    found = ((text, value) for text, value in sorted(stored.items()) if text.startswith(name + "{"))
    return [f"{text.removesuffix('{}')} {value:g}" for text, value in found]


def _cumulated(name: str, stored: Mapping[Series, float]) -> list[str]:
    """Prometheus wants each bucket to hold those below it."""
    by_labels = bucket_counts(
        (text[len(name) + 1 : -1], value) for text, value in stored.items() if text.startswith(name)
    )
    lines: list[str] = []
    for labels, counts in sorted(by_labels.items()):
        gathered = 0.0
        for bound in [*map(str, BUCKETS), "+Inf"]:
            gathered += counts.get(bound, 0)
            lines.append(f'{name}{{{labels}{"," if labels else ""}le="{bound}"}} {gathered:g}')
    return lines


def bucket_counts(rows: Iterable[tuple[str, float]]) -> dict[str, dict[str, float]]:
    """Observations by labels (without the bound) and bound."""
    by_labels: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for text, value in rows:
        match = BOUND.fullmatch(text)
        if match:
            labels = (match["before"] + match["after"]).strip(",")
            by_labels[labels][match["bound"]] += value
    return by_labels
