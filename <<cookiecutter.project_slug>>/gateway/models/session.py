"""One row for each connection that API Gateway told us of."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from gateway.limits import MAX_CONNECTION_ID_LENGTH
from gateway.models.api_gateway import ApiGateway


class WebSocketSession(models.Model):
    """A connection, from `$connect` until it is known to be gone.

    A row moves forward only: connected, then closing (`closing_on` set: we asked for the end), then disconnected.
    """

    connection_id = models.CharField(max_length=MAX_CONNECTION_ID_LENGTH, unique=True)
    channel_name = models.CharField(max_length=191, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="websocket_sessions"
    )
    api_gateway = models.ForeignKey(ApiGateway, models.CASCADE, related_name="websocket_sessions")
    connected = models.BooleanField(default=True)
    request_count = models.PositiveIntegerField(default=0)
    created_on = models.DateTimeField(default=timezone.now)
    updated_on = models.DateTimeField(default=timezone.now)

    session_key_hash = models.CharField(max_length=64, blank=True, db_index=True, editable=False)
    """SHA-256 of the Django session's key: finds the sockets that a login opened, without storing the key."""
    auth_hash = models.CharField(max_length=128, blank=True, editable=False)
    """The user's session auth hash at `$connect`: a password change makes it stale."""
    permissions = models.JSONField(default=list, blank=True, editable=False)
    """The Django permissions this connection was admitted with."""
    user_agent = models.CharField(max_length=512, blank=True)
    ip_address = models.GenericIPAddressField(null=True, blank=True)
    closing_on = models.DateTimeField(null=True, blank=True)
    closing_code = models.CharField(max_length=64, blank=True)
    disconnected_on = models.DateTimeField(null=True, blank=True)
    disconnect_code = models.PositiveIntegerField(null=True, blank=True)
    disconnect_reason = models.CharField(max_length=128, blank=True)

    class Meta:
        verbose_name = "WebSocket session"
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.connection_id
