"""Why a connection or message was refused, for people to look up. Bounded: see `gateway.models.journal`."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class WebSocketRefusal(models.Model):
    """One refused event of our own gateway, or request of a signed-in user. Strangers leave no rows."""

    class Kind(models.TextChoices):
        """What was asked for."""

        CONNECT = "CONNECT", "Connect"
        MESSAGE = "MESSAGE", "Message"
        DISCONNECT = "DISCONNECT", "Disconnect"
        TOKEN = "TOKEN", "Token"
        CHECK = "CHECK", "Check"

    correlation_id = models.CharField(max_length=32, unique=True)
    code = models.CharField(max_length=64, db_index=True)
    kind = models.CharField(max_length=16, choices=Kind)
    detail = models.CharField(max_length=500, blank=True)
    api_id = models.CharField(max_length=64, blank=True)
    connection_id = models.CharField(max_length=128, blank=True, db_index=True)
    channel_name = models.CharField(max_length=191, blank=True)
    route_key = models.CharField(max_length=128, blank=True)
    ip_address = models.GenericIPAddressField(null=True, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="websocket_refusals"
    )
    origin = models.CharField(max_length=255, blank=True)
    user_agent = models.CharField(max_length=512, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    created_on = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "refusal"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.code} {self.correlation_id}"
