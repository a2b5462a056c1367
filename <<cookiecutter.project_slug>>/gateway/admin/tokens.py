"""One-time tokens: whose, when, and whether they were used."""

from django.contrib import admin

from gateway.admin.reading import ReadOnlyAdmin
from gateway.models import WebSocketToken


@admin.register(WebSocketToken)
class WebSocketTokenAdmin(ReadOnlyAdmin):
    """Tokens without anything that could be used as one."""

    list_display = ("id", "user", "created_on", "used_on")
    list_filter = ("created_on", ("used_on", admin.EmptyFieldListFilter))
    list_select_related = ("user",)
    search_fields = ("user__username",)
    exclude = ("token_hash", "session_key_hash", "auth_hash")
