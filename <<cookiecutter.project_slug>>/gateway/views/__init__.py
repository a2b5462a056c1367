"""What answers HTTP: API Gateway's events, the page's wish for a token, checks and health."""

from gateway.views.check import WebSocketCheckView
from gateway.views.health import HealthView, ReadyView
from gateway.views.token import WebSocketTokenView
from gateway.views.websocket import WebSocketView

__all__ = ["HealthView", "ReadyView", "WebSocketCheckView", "WebSocketTokenView", "WebSocketView"]
