"""The chat in the admin."""

from django.contrib import admin
from django.utils.text import Truncator

from realtime.models import ChatMessage


@admin.register(ChatMessage)
class ChatMessageAdmin(admin.ModelAdmin):
    """Read and delete; a message is written by its author only."""

    list_display = ["created_on", "channel_name", "user", "beginning"]
    list_filter = ["channel_name"]
    list_select_related = ["user"]
    search_fields = ["text", "user__username"]
    readonly_fields = ["channel_name", "user", "text", "created_on"]
    date_hierarchy = "created_on"

    @admin.display(description="text", ordering="text")
    def beginning(self, message: ChatMessage) -> str:
        """So much that a list stays one."""
        return Truncator(message.text).chars(200)

    def has_add_permission(self, request: object) -> bool:
        return False
