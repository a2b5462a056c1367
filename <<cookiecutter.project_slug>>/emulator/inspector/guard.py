"""Who may look, and who may act: the person at this machine, never a web page from elsewhere. Pure.

The inspector has no sign-in, so three things stand in for one. The `Host` header must name this machine: a foreign name that was
made to resolve to it (DNS rebinding) is refused. A page of another origin may neither read nor act. And what changes something must
be a POST of JSON that states its origin, which no form and no link can send.
"""

import ipaddress
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

OWN_SITES: Final = frozenset({"", "same-origin", "none"})
"""Values of `Sec-Fetch-Site` of requests that this page or the person made."""
JSON: Final = "application/json"

Headers = Mapping[str, str]


def why_not_read(headers: Headers, own_host: str) -> str | None:
    """Why that request may not read, None if it may. `own_host` is the address that the emulator was told to listen on."""
    host = headers.get("Host", "")
    if not _is_ours(_hostname(host), own_host):
        return f"The inspector answers on localhost only, not as {host[:100]!r}."
    if headers.get("Origin", "") not in {"", f"http://{host}"}:
        return "Another site may not look into the emulator."
    is_visit = headers.get("Sec-Fetch-Mode") == "navigate"
    if headers.get("Sec-Fetch-Site", "") not in OWN_SITES and not is_visit:
        return "Another site may not look into the emulator."
    return None


def why_not_act(headers: Headers, own_host: str) -> str | None:
    """Why that request may not change anything, None if it may."""
    reason = why_not_read(headers, own_host)
    if reason is not None:
        return reason
    if headers.get("Origin", "") != f"http://{headers.get('Host', '')}" or headers.get("Sec-Fetch-Site", "") == "none":
        return "Only the inspector's own page may do that."
    if headers.get("Content-Type", "").partition(";")[0].strip().lower() != JSON:
        return f"The body must be {JSON}."
    return None


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_ours(hostname: str, own_host: str) -> bool:
    if hostname == "localhost" or hostname.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(hostname)
    except ValueError:
        return False
    return address.is_loopback or (hostname == own_host and not address.is_unspecified)
