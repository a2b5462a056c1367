"""Who may join which channel. A channel that no row names is closed."""

from typing import Final

from django.core.validators import RegexValidator
from django.db import models

CHANNEL_NAME: Final = "[A-Za-z0-9_-]+"

channel_name_validator = RegexValidator(
    rf"\A{CHANNEL_NAME}\Z", "A channel name has letters, digits, hyphens and underscores only."
)


class ChannelPermission(models.Model):
    """Opens one channel to an audience."""

    class Audience(models.TextChoices):
        """Whom a row lets in."""

        EVERYONE = "everyone", "Everyone"
        SIGNED_IN = "signed_in", "Signed-in users"
        STAFF = "staff", "Staff"
        SUPERUSERS = "superusers", "Superusers"
        PERMISSIONS = "permissions", "Users with any of these sets of permissions"

    channel_name = models.CharField(max_length=191, unique=True, validators=[channel_name_validator])
    audience = models.CharField(max_length=16, choices=Audience, default=Audience.SIGNED_IN)
    permission_sets = models.JSONField(
        default=list,
        blank=True,
        help_text='Any one of these sets is enough: [["app.view_x"], ["app.change_x", "app.add_x"]]',
    )

    class Meta:
        verbose_name = "channel permission"
        ordering = ["channel_name"]

    def __str__(self) -> str:
        return self.channel_name
