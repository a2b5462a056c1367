"""Counters and histograms, kept in the process. Counting takes a lock and a dictionary, and no statement.

`gateway.monitoring` writes what has gathered to the database from a background thread; the admin and `/metrics` read it there, so
that the figures are those of all workers together.
"""

import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Final

COUNTERS: Final[Mapping[str, str]] = {
    "websocket_connects_total": "Connection attempts through the gateway by outcome: accepted, or the refusal's code.",
    "websocket_strangers_total": "Requests refused as a stranger's: not proven to be the gateway's, by code and claimed event.",
    "websocket_tokens_total": "Token requests by outcome: issued, or the refusal's code.",
    "websocket_messages_total": "Messages by handler and outcome: handled, or the refusal's code. Pings aside.",
    "websocket_disconnects_total": "Ended connections by WebSocket close code; `3xxx` and `4xxx` are what applications made up.",
    "websocket_posts_total": "Messages sent through the management API by outcome: sent, gone, throttled, failed. Farewells aside.",
    "websocket_management_errors_total": "Answers of the management API other than success, repetitions included, by HTTP status.",
}
HISTOGRAMS: Final[Mapping[str, str]] = {
    "websocket_message_seconds": "Time from a message's arrival at its view to its answer or refusal, by handler. Pings aside.",
}
BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 29.0)
"""Upper bounds in seconds. API Gateway waits for 29 seconds at most."""

LONGEST_LABEL: Final = 100
"""Characters of a label as it is written: any two of them, with the longest name, fit into the column of `Metric.series`."""
_HASHED: Final = 8

Series = str
"""One figure: its name and labels, as `series` writes them."""


def series(name: str, **labels: object) -> Series:
    """A figure's name with its labels, as Prometheus writes it: `x_total{code="accepted"}`."""
    return name + "{" + ",".join(f'{label}="{_escaped(value)}"' for label, value in sorted(labels.items())) + "}"


def _escaped(value: object) -> str:
    """A label as it is written. What is too long is cut, and ends with a hash of the whole: two that begin alike stay two."""
    text = str(value)
    written = text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    if len(written) <= LONGEST_LABEL:
        return written
    kept = written[: LONGEST_LABEL - _HASHED - 1]
    if (len(kept) - len(kept.rstrip("\\"))) % 2:
        kept = kept[:-1]  # half of what a backslash begins would escape what follows
    return f"{kept}~{sha256(text.encode('utf-8', 'replace')).hexdigest()[:_HASHED]}"


def close_code(code: int | None) -> str:
    """A WebSocket close code as a label. A client may send any of 4,000: those that it makes up count by their thousand."""
    if code is None:
        return "none"
    return str(code) if 1000 <= code <= 1015 else f"{code // 1000}xxx"


class Registry:
    """What has been counted since the last `drain`."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forgets everything: what a child inherits by a fork is its parent's to write, and so may be the lock."""
        self._lock = threading.Lock()
        self._values: defaultdict[Series, float] = defaultdict(float)
        self.on_first: Callable[[], None] | None = None
        """Called once, when something is counted: the flusher starts with the first figure, after any fork."""

    def add(self, values: Mapping[Series, float]) -> None:
        """Adds to several series at once."""
        with self._lock:
            for name, value in values.items():
                self._values[name] += value
            started, self.on_first = self.on_first, None
        if started:
            started()

    def drain(self) -> dict[Series, float]:
        """What was counted, which from now on is the caller's to keep."""
        with self._lock:
            values, self._values = self._values, defaultdict(float)
        return dict(values)


registry = Registry()


def count(name: str, amount: float = 1, **labels: object) -> None:
    """Adds to a counter of `COUNTERS`. Labels must come from small sets: each combination is a row."""
    if name not in COUNTERS:
        raise ValueError(f"{name} is no counter of gateway.metrics.COUNTERS")
    registry.add({series(name, **labels): amount})


def count_answer(status: int) -> None:
    """Counts an answer of the management API, unless it is a success; 0 stands for no answer."""
    if status not in {200, 204}:
        count("websocket_management_errors_total", status=status)


def observe(name: str, seconds: float, **labels: object) -> None:
    """Adds one observation to a histogram of `HISTOGRAMS`."""
    if name not in HISTOGRAMS:
        raise ValueError(f"{name} is no histogram of gateway.metrics.HISTOGRAMS")
    place = bisect_left(BUCKETS, seconds)
    bound = str(BUCKETS[place]) if place < len(BUCKETS) else "+Inf"
    registry.add(
        {
            series(f"{name}_bucket", le=bound, **labels): 1,
            series(f"{name}_sum", **labels): seconds,
            series(f"{name}_count", **labels): 1,
        }
    )
