"""What the example chat remembers."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class ChatMessage(models.Model):
    """One message, as it was published to a channel."""

    channel_name = models.CharField(max_length=191)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="chat_messages"
    )
    text = models.TextField()
    created_on = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["channel_name", "-id"])]

    def __str__(self) -> str:
        return f"{self.user} in {self.channel_name}"
