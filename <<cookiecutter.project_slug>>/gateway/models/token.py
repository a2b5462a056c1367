"""One-time tokens: what a page shows at `$connect` instead of a cookie."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class WebSocketToken(models.Model):
    """A token of one user and one Django session, stored as a hash, good for one `$connect` within a minute."""

    token_hash = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="websocket_tokens")
    session_key_hash = models.CharField(max_length=64, db_index=True)
    auth_hash = models.CharField(max_length=128, blank=True, editable=False)
    """The user's session auth hash when it was issued: a password change makes it stale."""
    created_on = models.DateTimeField(default=timezone.now)
    used_on = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "WebSocket token"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"token {self.pk}"
