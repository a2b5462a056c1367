"""Who is connected, and the two things one may want to do about it."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest

from gateway.admin.codes import DISCONNECTED, ClosingCodeFilter
from gateway.admin.reading import ReadOnlyAdmin
from gateway.admin.trail import leave_trail
from gateway.models import WebSocketSession

QUOTED = 200
"""Letters of a message that the History quotes."""


class MessageForm(ActionForm):
    """What to send, beside the list of actions."""

    message = forms.CharField(required=False, max_length=10_000, label="Message")


@admin.register(WebSocketSession)
class WebSocketSessionAdmin(ReadOnlyAdmin):
    """Connections. The keys they were opened with are not shown, not even as hashes."""

    list_display = (
        "connection_id",
        "user",
        "channel_name",
        "state",
        "request_count",
        "ip_address",
        "created_on",
        "updated_on",
    )
    list_filter = ("connected", "api_gateway", ClosingCodeFilter, "created_on")
    list_select_related = ("user", "api_gateway")
    search_fields = ("connection_id", "channel_name", "user__username", "ip_address", "=closing_code")
    exclude = ("session_key_hash", "auth_hash", "message_instants", "strikes")
    action_form = MessageForm
    actions = ("disconnect", "send")

    @admin.display(description="state")
    def state(self, session: WebSocketSession) -> str:
        """Connected, closing or gone."""
        if not session.connected:
            return "disconnected"
        return f"closing: {session.closing_code}" if session.closing_on else "connected"

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Whether this person may act on connections."""
        return request.user.has_perm("gateway.change_websocketsession")

    @admin.action(description="Disconnect", permissions=["act"])
    def disconnect(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Closes the sockets. Their clients do not come back by themselves."""
        chosen = WebSocketSession.objects.filter(pk__in=queryset.values("pk"))
        leave_trail(request, chosen.filter(connected=True, closing_on__isnull=True), "Disconnect.")
        count = chosen.close(DISCONNECTED)
        self.message_user(request, f"{count} connections are being closed.", messages.SUCCESS)

    @admin.action(description="Send the message", permissions=["act"])
    def send(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Sends `{"type": "notice", "message": ...}`."""
        text = request.POST.get("message", "").strip()
        if not text:
            self.message_user(request, "Write a message first.", messages.ERROR)
            return
        receivers = WebSocketSession.objects.filter(pk__in=queryset.values("pk"))
        quoted = text if len(text) <= QUOTED else f"{text[:QUOTED]}…"
        leave_trail(request, receivers.deliverable(), f"Send the message: {quoted}")
        delivery = receivers.send_message({"type": "notice", "message": text}, wait_for_commit=False)
        self.message_user(
            request,
            f"Sent to {delivery.sent}; gone {delivery.gone}, throttled {delivery.throttled}, failed {delivery.failed}.",
            messages.SUCCESS if delivery.sent else messages.WARNING,
        )
