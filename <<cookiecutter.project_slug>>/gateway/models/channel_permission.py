"""Who may join which channel. A channel that no row names is closed."""

from django.db import models


class ChannelPermission(models.Model):
    """Opens one channel to an audience."""

    class Audience(models.TextChoices):
        """Whom a row lets in."""

        EVERYONE = "everyone", "Everyone"
        SIGNED_IN = "signed_in", "Signed-in users"
        STAFF = "staff", "Staff"
        SUPERUSERS = "superusers", "Superusers"
        PERMISSIONS = "permissions", "Users with any of these sets of permissions"

    channel_name = models.CharField(max_length=191, unique=True)
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
