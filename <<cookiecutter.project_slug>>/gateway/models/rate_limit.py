"""Connection attempts, as a record for people and as the limiter's own small table."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class ConnectionRateLimit(models.Model):
    """One attempt to connect or to get a token: who, from where, when, and whether it was let in."""

    ip_address = models.GenericIPAddressField(null=True, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="websocket_attempts"
    )
    attempted_on = models.DateTimeField(default=timezone.now, db_index=True)
    successful = models.BooleanField(default=False)

    class Meta:
        verbose_name = "connection attempt"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"attempt {self.pk}"
