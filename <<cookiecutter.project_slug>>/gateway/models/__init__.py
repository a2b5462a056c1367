"""What Django keeps: gateways, sessions, tokens, attempts, channel permissions."""

from gateway.models.api_gateway import ApiGateway, ApiGatewayAdditionalRoute
from gateway.models.broadcast import Broadcast, BroadcastShard
from gateway.models.channel_permission import ChannelPermission
from gateway.models.metric import Metric
from gateway.models.rate_limit import ConnectionRateLimit, RateLimitSubject
from gateway.models.refusal import WebSocketRefusal
from gateway.models.send_budget import SendBudget
from gateway.models.session import WebSocketSession
from gateway.models.token import WebSocketToken

__all__ = [
    "ApiGateway",
    "ApiGatewayAdditionalRoute",
    "Broadcast",
    "BroadcastShard",
    "ChannelPermission",
    "ConnectionRateLimit",
    "Metric",
    "RateLimitSubject",
    "SendBudget",
    "WebSocketRefusal",
    "WebSocketSession",
    "WebSocketToken",
]
