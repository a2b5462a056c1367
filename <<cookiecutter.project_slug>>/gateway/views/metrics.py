"""`/metrics`: figures for Prometheus."""

from collections.abc import Mapping

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views import View

from gateway import monitoring
from gateway.conf import conf
from gateway.metrics import BUCKETS, COUNTERS, HISTOGRAMS, Series, series
from gateway.wire import EventKind

FROM_THE_START = (
    *(series("websocket_connects_total", code=code) for code in ("accepted", "origin_not_allowed")),
    *(series("websocket_strangers_total", code="secret_wrong", kind=kind) for kind in EventKind),
    *(series("websocket_posts_total", outcome=outcome) for outcome in ("sent", "gone", "throttled", "failed")),
    *(series("websocket_management_errors_total", status=status) for status in (403, 429)),
)
"""Shown as 0 before they have happened: Prometheus sees no increase in a series that begins with 1, and the first may matter."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class MetricsView(View):
    """Not public: for who sends `Authorization: Bearer` with `METRICS_TOKEN`, and for signed-in staff. Others get 404."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if not _may_read(request):
            return HttpResponse("Not found\n", status=404, content_type="text/plain")
        try:
            figures = exposition()
        except DatabaseError:
            return HttpResponse("The database does not answer\n", status=503, content_type="text/plain")
        return HttpResponse(figures, content_type=CONTENT_TYPE)


def _may_read(request: HttpRequest) -> bool:
    token = conf().METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and constant_time_compare(given, token):
        return True
    return request.user.is_active and request.user.is_staff


def exposition() -> str:
    """Everything in Prometheus's text format, version 0.0.4."""
    stored = dict.fromkeys(FROM_THE_START, 0.0) | monitoring.totals() | monitoring.gauges()
    lines: list[str] = []
    for name, sentence in {**COUNTERS, **monitoring.GAUGES}.items():
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
    by_labels = monitoring.bucket_counts(
        (text[len(name) + 1 : -1], value) for text, value in stored.items() if text.startswith(name)
    )
    lines: list[str] = []
    for labels, counts in sorted(by_labels.items()):
        gathered = 0.0
        for bound in [*map(str, BUCKETS), "+Inf"]:
            gathered += counts.get(bound, 0)
            lines.append(f'{name}{{{labels}{"," if labels else ""}le="{bound}"}} {_number(gathered)}')
    return lines
