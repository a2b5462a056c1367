"""The engine's own addresses. Where WebSocket events arrive is the project's affair: see `realtime/urls.py`."""

from django.urls import URLPattern, path

from gateway.views.metrics import MetricsView

urlpatterns: list[URLPattern] = [
    path("metrics", MetricsView.as_view(), name="metrics"),
]
