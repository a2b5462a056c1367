"""The package's views, subclassed as its quickstart shows."""

from django.http import HttpRequest, JsonResponse
from django.urls import path
from django_aws_api_gateway_websockets.views import WebSocketTokenView, WebSocketView


class BenchmarkView(WebSocketView):
    """Answers a message."""

    def default(self, request: HttpRequest, *args: object, **kwargs: object) -> JsonResponse:
        """Say that the message arrived."""
        return JsonResponse({"ok": True})


urlpatterns = [
    path("ws/<slug:route>", BenchmarkView.as_view()),
    path("api/ws-token/", WebSocketTokenView.as_view()),
]
