"""The page "Realtime": what the sockets are doing, for people."""

import re
from collections import defaultdict
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from gateway import monitoring
from gateway.admin.charts import Chart, chart, summed
from gateway.admin.meanings import CLOSE_CODES, STATUSES
from gateway.models import Metric, WebSocketSession

SPANS = {"60": "last hour", "360": "last six hours", "1440": "last day"}
BUSIEST_CHANNELS = 20
COUNTED = ("websocket_connects_total", "websocket_strangers_total", "websocket_posts_total", "websocket_tokens_total")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

Values = dict[str, dict[int, float]]
"""By label and minute."""


@admin.register(Metric)
class MetricAdmin(admin.ModelAdmin):
    """Shows the figures as charts. Nothing here can be changed."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Metric | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Metric | None = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        span = request.GET.get("minutes", "60")
        minutes = int(span) if span in SPANS else 60
        now = timezone.now()
        messages = monitoring.history("websocket_messages_total", minutes=minutes + 1)
        context = self.admin_site.each_context(request) | {
            "title": "Realtime",
            "opts": self.opts,
            "now": now,
            "spans": [(key, text, int(key) == minutes) for key, text in SPANS.items()],
            "gauges": gauges(),
            "charts": charts(messages, end=monitoring.minute_of(now), minutes=minutes),
            "handlers": handlers(messages, minutes),
            "disconnects": totals_of("websocket_disconnects_total", "code", minutes, CLOSE_CODES),
            "errors": totals_of("websocket_management_errors_total", "status", minutes, STATUSES),
            "channels": busiest_channels(),
        }
        return TemplateResponse(request, "admin/gateway/metric/change_list.html", context)


# --- What the page shows ------------------------------------------------------------------------------------------


def gauges() -> list[tuple[str, str, float]]:
    """(what, of which gateway, how many) at this moment."""
    names = {
        monitoring.OPEN_SESSIONS: "Open connections",
        monitoring.STALE_SESSIONS: "Stale sessions",
    }
    shown: list[tuple[str, str, float]] = []
    for text, value in sorted(monitoring.gauges().items()):
        name, _, labels = text.partition("{")
        if name in names:
            shown.append((names[name], " ".join(labels_of(labels).values()), value))
    return shown


def charts(messages: Values, *, end: int, minutes: int) -> list[Chart]:
    """What happens by the minute ends with the last minute that is over: the running one would always look like a collapse."""

    def steady(title: str, name: str, label: str) -> Chart:
        values = by_label(monitoring.history(name, minutes=minutes), label)
        return chart(title, "connections", values, end=end, minutes=minutes, steady=True)

    def by_the_minute(title: str, values: Values, label: str) -> Chart:
        return chart(title, "a minute", by_label(values, label), end=end - 1, minutes=minutes)

    connects, strangers, posts, tokens = monitoring.histories(COUNTED, minutes=minutes + 1).values()
    return [
        steady("Open connections", monitoring.OPEN_SESSIONS, "gateway"),
        steady("In the busiest channels", monitoring.CHANNEL_SESSIONS, "channel"),
        by_the_minute("Connection attempts", connects, "code"),
        by_the_minute("Refused strangers", strangers, "code"),
        by_the_minute("Messages received", messages, "code"),
        by_the_minute("Messages sent", posts, "outcome"),
        by_the_minute("Tokens", tokens, "code"),
    ]


def handlers(messages: Values, minutes: int) -> list[tuple[str, float, float, str, str]]:
    """(handler, carried out, refused or failed, half of them within, 95 % of them within) for the span."""
    handled: dict[str, float] = defaultdict(float)
    others: dict[str, float] = defaultdict(float)
    for text, row in messages.items():
        labels = labels_of(text)
        counts = handled if labels.get("code") == "handled" else others
        counts[labels.get("handler", "")] += sum(row.values())
    rows = monitoring.history("websocket_message_seconds_bucket", minutes=minutes)
    buckets = monitoring.bucket_counts((text, sum(row.values())) for text, row in rows.items())
    seconds = {labels_of(text).get("handler", ""): found for text, found in buckets.items()}
    return [
        (
            name or "none was picked",
            handled[name],
            others[name],
            _within(monitoring.percentile(seconds.get(name, {}), 0.5)),
            _within(monitoring.percentile(seconds.get(name, {}), 0.95)),
        )
        for name in sorted({*handled, *others, *seconds}, key=lambda name: (not name, name))
    ]


def totals_of(name: str, label: str, minutes: int, meanings: dict[str, str]) -> list[tuple[str, str, float]]:
    """(label, what it means, how often) for the span, most frequent first."""
    values = by_label(monitoring.history(name, minutes=minutes), label)
    totals = [(key, meanings.get(key, ""), sum(row.values())) for key, row in values.items()]
    return sorted(totals, key=lambda row: -row[2])


def busiest_channels() -> list[tuple[str, str, int]]:
    """(channel, gateway, open connections), most first."""
    rows = WebSocketSession.objects.deliverable().values_list("channel_name", "api_gateway__api_name")
    return list(rows.annotate(open_sessions=Count("id")).order_by("-open_sessions", "channel_name")[:BUSIEST_CHANNELS])


# --- Labels -------------------------------------------------------------------------------------------------------


def labels_of(text: str) -> dict[str, str]:
    r"""`code="accepted",handler="a\"b"` as a dict: what `gateway.metrics.series` wrote."""
    return {
        name: re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), value)
        for name, value in LABEL.findall(text)
    }


def by_label(values: Values, label: str) -> Values:
    """Values by one label, summed over the others."""
    rows: dict[str, list[dict[int, float]]] = defaultdict(list)
    for text, row in values.items():
        rows[labels_of(text).get(label, "")].append(row)
    return {key: summed(found) for key, found in rows.items()}


def _within(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds == float("inf"):
        return "over 29 s"
    return f"{seconds:g} s" if seconds >= 1 else f"{seconds * 1000:g} ms"
