"""Figures for people and for Prometheus: written by a background thread, read from one bounded table."""

import atexit
import logging
import os
import re
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db import Error, connection, transaction
from django.db.models import Count
from django.utils import timezone

from gateway.conf import conf
from gateway.limits import MAX_CONNECTION_SECONDS
from gateway.metrics import BUCKETS, COUNTERS, HISTOGRAMS, Series, registry, series
from gateway.models import ApiGateway, Metric, WebSocketSession

logger = logging.getLogger(__name__)

OPEN_SESSIONS = "websocket_sessions"
CHANNEL_SESSIONS = "websocket_channel_sessions"
STALE_SESSIONS = "websocket_stale_sessions"
GAUGES: Mapping[str, str] = {
    OPEN_SESSIONS: "Sessions believed to be connected, by gateway.",
    CHANNEL_SESSIONS: "Those in the busiest channels, by channel and gateway.",
    STALE_SESSIONS: "Sessions still marked as connected although no connection can be that old.",
}
BUSIEST_CHANNELS = 8
"""As many as the page "Realtime" can tell apart. The rest stays uncounted: channels may be as many as connections."""

FROM_THE_START = (
    *(series("websocket_connects_total", code=code) for code in ("accepted", "secret_wrong", "origin_not_allowed")),
    *(series("websocket_posts_total", outcome=outcome) for outcome in ("sent", "gone", "throttled", "failed")),
    *(series("websocket_management_errors_total", status=status) for status in (403, 429)),
)
"""Shown as 0 before they have happened: Prometheus sees no increase in a series that begins with 1, and the first may matter."""

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
    except Error:
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

    def begin_anew() -> None:
        registry.reset()
        arm()

    arm()
    os.register_at_fork(after_in_child=begin_anew)


# --- Reading ------------------------------------------------------------------------------------------------------


def gauges(now: datetime | None = None) -> dict[Series, float]:
    """What is counted in the database rather than in the process."""
    oldest = (now or timezone.now()) - timedelta(seconds=MAX_CONNECTION_SECONDS)
    connected = WebSocketSession.objects.filter(connected=True).order_by()
    young = connected.filter(created_on__gt=oldest)
    gateways = dict(ApiGateway.objects.values_list("pk", "api_name"))
    # Counted from the sessions, not by a join from the gateways: that would read every dead row too.
    open_sessions = dict(young.values_list("api_gateway").annotate(Count("pk")))
    channels = young.values_list("api_gateway", "channel_name").annotate(number=Count("pk"))
    values: dict[Series, float] = {
        series(OPEN_SESSIONS, gateway=name): open_sessions.get(pk, 0) for pk, name in gateways.items()
    }
    for pk, channel, number in channels.order_by("-number", "channel_name")[:BUSIEST_CHANNELS]:
        values[series(CHANNEL_SESSIONS, gateway=gateways.get(pk, ""), channel=channel)] = number
    values[series(STALE_SESSIONS)] = connected.filter(created_on__lte=oldest).count()
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
    stored = dict.fromkeys(FROM_THE_START, 0.0) | totals() | gauges()
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
    return [f"{text.removesuffix('{}')} {_number(value)}" for text, value in found]


def _number(value: float) -> str:
    """Every digit of it: a counter cut to six would stand still between two millions."""
    return f"{value:.0f}" if float(value).is_integer() else repr(value)


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
            lines.append(f'{name}{{{labels}{"," if labels else ""}le="{bound}"}} {_number(gathered)}')
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
