"""Ends logins, and looks what became of their sockets."""

from typing import Any

from django.db import transaction
from django.test import TestCase

from gateway.testing import WebSocketClient, outbox


def committed(action: Any) -> None:
    """Does it, and what waits for its commit."""
    with TestCase.captureOnCommitCallbacks(execute=True), transaction.atomic():
        action()


def is_closed(client: WebSocketClient, code: str = "login_ended") -> bool:
    """Whether the client was told why, and its socket closed."""
    told = {"type": "closing", "code": code, "reconnect": False} in outbox.to(client.connection_id)
    return told and client.connection_id in outbox.closed and client.session.closing_code == code
