"""The page "Realtime": what the sockets are doing, for people."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from gateway import monitoring
from gateway.admin.charts import Chart, chart
from gateway.models import Metric, WebSocketSession

SPANS = {"60": "last hour", "360": "last six hours", "1440": "last day"}
BUSIEST_CHANNELS = 20


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
        end = monitoring.minute_of(timezone.now())
        context = self.admin_site.each_context(request) | {
            "title": "Realtime",
            "opts": self.opts,
            "spans": [(key, text, int(key) == minutes) for key, text in SPANS.items()],
            "charts": charts(end=end, minutes=minutes),
            "latencies": latencies(minutes),
            "disconnects": totals_of("websocket_disconnects_total", minutes),
            "errors": totals_of("websocket_management_errors_total", minutes),
            "channels": busiest_channels(),
            "gauges": sorted(monitoring.gauges().items()),
        }
        return TemplateResponse(request, "admin/gateway/metric/change_list.html", context)


def charts(*, end: int, minutes: int) -> list[Chart]:
    """One statement each."""
    wanted = [
        ("Open connections", "connections", monitoring.OPEN_SESSIONS, True),
        ("Connection attempts", "a minute", "websocket_connects_total", False),
        ("Messages received", "a minute", "websocket_messages_total", False),
        ("Messages sent", "a minute", "websocket_posts_total", False),
        ("Tokens", "a minute", "websocket_tokens_total", False),
    ]
    return [
        chart(title, unit, monitoring.history(name, minutes=minutes), end=end, minutes=minutes, steady=steady)
        for title, unit, name, steady in wanted
    ]


def latencies(minutes: int) -> list[tuple[str, float, str, str]]:
    """(handler, messages, half of them within, 95 % of them within) for the span."""
    rows = monitoring.history("websocket_message_seconds_bucket", minutes=minutes)
    counts = monitoring.bucket_counts((labels, sum(by_minute.values())) for labels, by_minute in rows.items())
    return [
        (
            labels,
            sum(buckets.values()),
            _within(monitoring.percentile(buckets, 0.5)),
            _within(monitoring.percentile(buckets, 0.95)),
        )
        for labels, buckets in sorted(counts.items())
    ]


def _within(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return "over 29 s" if seconds == float("inf") else f"{seconds * 1000:g} ms"


def totals_of(name: str, minutes: int) -> list[tuple[str, float]]:
    """(labels, how often) for the span, most frequent first."""
    rows = monitoring.history(name, minutes=minutes)
    totals = [(labels, sum(by_minute.values())) for labels, by_minute in rows.items()]
    return sorted(totals, key=lambda row: -row[1])


def busiest_channels() -> list[tuple[str, str, int]]:
    """(channel, gateway, open connections), most first."""
    rows = WebSocketSession.objects.filter(connected=True).values_list("channel_name", "api_gateway__api_name")
    return list(rows.annotate(open_sessions=Count("id")).order_by("-open_sessions")[:BUSIEST_CHANNELS])
