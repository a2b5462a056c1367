"""What the example chat remembers."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class ChatMessage(models.Model):
    """One message, as it was published to a channel."""

    REFERENCE_LENGTH = 64

    channel_name = models.CharField(max_length=191)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="chat_messages"
    )
    text = models.TextField()
    reference = models.CharField(max_length=REFERENCE_LENGTH, blank=True, editable=False)
    """The `id` its sender gave it: the same message sent again is recognised by it."""
    created_on = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["channel_name", "-id"])]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "channel_name", "reference"],
                condition=~models.Q(reference=""),
                name="one_message_per_reference",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.channel_name}"
