"""The engine's views, subclassed as the generated project does."""

import os

from django.http import HttpRequest
from django.urls import include, path

from gateway.views import WebSocketView


class BenchmarkView(WebSocketView):
    """Answers a message."""

    RATE_LIMIT_MAX_ATTEMPTS = int(os.environ["BENCH_LIMIT"])

    def default(self, request: HttpRequest, *args: object, **kwargs: object) -> dict[str, bool]:
        """Say that the message arrived."""
        return {"ok": True}


urlpatterns = [path("ws/<slug:route>", BenchmarkView.as_view(), name="websocket"), path("", include("gateway.urls"))]
