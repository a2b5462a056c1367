"""Who tried to connect, from where, and whether they were let in."""

from django.contrib import admin

from gateway.admin.reading import ReadOnlyAdmin
from gateway.models import ConnectionRateLimit


@admin.register(ConnectionRateLimit)
class ConnectionRateLimitAdmin(ReadOnlyAdmin):
    """Attempts to connect."""

    list_display = ("id", "attempted_on", "ip_address", "user", "successful")
    list_filter = ("successful", "attempted_on")
    list_select_related = ("user",)
    search_fields = ("ip_address", "user__username")
