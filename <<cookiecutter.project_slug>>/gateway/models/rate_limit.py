"""Connection attempts: the record for people, and the limiter's own small table."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class ConnectionRateLimit(models.Model):
    """One attempt to connect: who, from where, when, and whether it was let in. `REFUSAL_RETENTION` rows are kept."""

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


class RateLimitSubject(models.Model):
    """Whom a rate limit counts, and the last instants at which it let them in. See `gateway.models.limiter`."""

    subject = models.CharField(max_length=128, primary_key=True)
    instants = models.TextField()
    expires_on = models.DateTimeField()

    class Meta:
        verbose_name = "rate limit subject"

    def __str__(self) -> str:
        return self.subject
