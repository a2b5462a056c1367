"""Figures for people and for Prometheus: written by a background thread, read from one bounded table."""

import atexit
import logging
import os
import re
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import reduce
from itertools import islice
from operator import or_

from django.db import connection, transaction
from django.db.models import Count, Q
from django.utils import timezone

from gateway.conf import conf
from gateway.limits import MAX_CONNECTION_SECONDS
from gateway.metrics import BUCKETS, Series, registry, series
from gateway.models import ApiGateway, Metric, WebSocketSession

logger = logging.getLogger(__name__)
figures_logger = logging.getLogger("gateway.figures")

OPEN_SESSIONS = "websocket_sessions"
CHANNEL_SESSIONS = "websocket_channel_sessions"
STALE_SESSIONS = "websocket_stale_sessions"
GAUGES: Mapping[str, str] = {
    OPEN_SESSIONS: "Sessions believed to be connected, by gateway.",
    CHANNEL_SESSIONS: "Those in the busiest channels, by channel and gateway.",
    STALE_SESSIONS: "Sessions still marked as connected although no connection can be that old.",
}
MOST_LOGGED = 40
"""Series in one log line, so that it has no more than some ten thousand characters: what collects lines cuts longer ones."""
BUSIEST_CHANNELS = 8
"""As many as the page "Realtime" can tell apart. The rest stays uncounted: channels may be as many as connections."""

BOUND = re.compile(r'(?P<before>.*)le="(?P<bound>[^"]+)",?(?P<after>.*)')


def minute_of(now: datetime) -> int:
    """Minutes since the epoch."""
    return int(now.timestamp() // 60)


# --- Writing ------------------------------------------------------------------------------------------------------


def flush(now: datetime | None = None) -> int:
    """Writes what this process has counted, and returns the number of series. What cannot be written is kept for next time.

    Raises nothing, whatever the error: who calls it has nobody to tell. A trouble is logged when it begins and when it is over.
    """
    values = registry.drain()
    try:
        _write(values, minute_of(now or timezone.now()))
    except Exception:
        registry.add(values)
        if not _trouble.is_set():
            _trouble.set()
            logger.warning("Figures cannot be written; they are kept until they can.", exc_info=True)
        return 0
    if _trouble.is_set():
        _trouble.clear()
        logger.warning("Figures are written again.")
    _tell(values)
    return len(values)


_trouble = threading.Event()


def _write(values: Mapping[Series, float], minute: int) -> None:
    with transaction.atomic():
        _add(Metric.TOTAL, values)
        _add(minute, values)
        _sample_sessions(minute)
        Metric.objects.filter(minute__gt=Metric.TOTAL, minute__lt=minute - conf().METRICS_RETENTION_MINUTES).delete()


def _tell(values: Mapping[Series, float]) -> None:
    """One log line of what this process has counted since its last one. Of a histogram number and sum: buckets are many."""
    told = {name: value for name, value in sorted(values.items()) if "_bucket{" not in name}
    if told:
        shown = dict(islice(told.items(), MOST_LOGGED))
        figures_logger.info(
            "figures", extra={"figures": shown, "left_out": len(told) - len(shown), "process_id": os.getpid()}
        )


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


FAREWELL_SECONDS = 10.0


class Flusher(threading.Thread):
    """Flushes every `METRICS_FLUSH_SECONDS`, and once more when the process ends."""

    def __init__(self) -> None:
        super().__init__(name="websocket-figures", daemon=True)
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(conf().METRICS_FLUSH_SECONDS):
            flush()
            with suppress(Exception):  # one that is broken is closed as well as it can be
                connection.close()

    def finish(self) -> None:
        """What was counted last. Waits for a flush under way: the process would end with what that has taken."""
        self.ended.set()
        if self.is_alive():
            self.join(FAREWELL_SECONDS)
        flush()


def start_flushing() -> None:
    """Arms the registry: the first figure counted in this process, or in a child forked from it, starts the thread."""

    def start() -> None:
        flusher = Flusher()
        atexit.register(flusher.finish)
        with suppress(RuntimeError):  # a process that is about to end starts no thread any more
            flusher.start()

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
    return histories((name,), minutes=minutes, now=now)[name]


def histories(
    names: Sequence[str], *, minutes: int, now: datetime | None = None
) -> dict[str, dict[str, dict[int, float]]]:
    """`history` of several names, in one statement."""
    since = minute_of(now or timezone.now()) - minutes
    any_of = reduce(or_, (Q(series__startswith=name + "{") for name in names))
    rows = Metric.objects.filter(any_of, minute__gt=max(since, Metric.TOTAL))
    found: dict[str, dict[str, dict[int, float]]] = {name: {} for name in names}
    for minute, text, value in rows.values_list("minute", "series", "value"):
        name, _, labels = text.partition("{")
        found[name].setdefault(labels[:-1], {})[minute] = value
    return found


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


def bucket_counts(rows: Iterable[tuple[str, float]]) -> dict[str, dict[str, float]]:
    """Observations by labels (without the bound) and bound."""
    by_labels: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for text, value in rows:
        match = BOUND.fullmatch(text)
        if match:
            labels = (match["before"] + match["after"]).strip(",")
            by_labels[labels][match["bound"]] += value
    return by_labels
