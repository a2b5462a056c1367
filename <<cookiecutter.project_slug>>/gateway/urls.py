"""The engine's own addresses. Where WebSocket events arrive is the project's affair: see `realtime/urls.py`."""

from django.urls import URLPattern, path

from gateway.views import HealthView, ReadyView, WebSocketCheckView, WebSocketTokenView
from gateway.views.metrics import MetricsView

urlpatterns: list[URLPattern] = [
    path("api/ws-token/", WebSocketTokenView.as_view(), name="websocket-token"),
    path("api/ws-check/", WebSocketCheckView.as_view(), name="websocket-check"),
    path("healthz", HealthView.as_view(), name="healthz"),
    path("readyz", ReadyView.as_view(), name="readyz"),
    path("metrics", MetricsView.as_view(), name="metrics"),
]
