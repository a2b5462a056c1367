"""`{% gateway_client channel %}`: what `client.js` needs to know, as attributes of an element."""

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def gateway_client(channel: str = "") -> SafeString:
    """The `data-` attributes that `GatewayClient.fromElement(element)` reads; no inline script, so any CSP allows it."""
    return format_html(
        'data-token-url="{}" data-check-url="{}" data-csrf-cookie="{}" data-channel="{}"',
        reverse("websocket-token"),
        reverse("websocket-check"),
        settings.CSRF_COOKIE_NAME,
        channel,
    )
