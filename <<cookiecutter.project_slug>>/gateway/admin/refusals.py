"""Why somebody was refused."""

from django.contrib import admin

from gateway.admin.codes import RefusalCodeFilter
from gateway.admin.reading import ReadOnlyAdmin
from gateway.explanations import explain
from gateway.models import WebSocketRefusal


@admin.register(WebSocketRefusal)
class WebSocketRefusalAdmin(ReadOnlyAdmin):
    """Refusals past the API id: those of strangers are only logged and counted."""

    list_display = ("correlation_id", "created_on", "kind", "code", "user", "ip_address", "channel_name", "detail")
    list_filter = (RefusalCodeFilter, "kind", "created_on")
    list_select_related = ("user",)
    search_fields = ("correlation_id", "connection_id", "request_id", "user__username", "ip_address", "origin")
    readonly_fields = ("meaning", "remedy")

    @admin.display(description="it means")
    def meaning(self, refusal: WebSocketRefusal) -> str:
        """The refusal's own sentence."""
        return explain(refusal.code)[0].message

    @admin.display(description="what helps")
    def remedy(self, refusal: WebSocketRefusal) -> str:
        """What to do about it."""
        return explain(refusal.code)[1]
