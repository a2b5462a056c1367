"""What a project's own tests use: an in-process client, events as API Gateway makes them, the outbox, and the emulator.

`gateway.testing.emulator` and `gateway.testing.fixtures` are imported by name, because they need the emulator's libraries.
"""

from gateway.testing.client import ConnectionRefused, WebSocketClient
from gateway.testing.events import make_event, make_headers
from gateway.testing.outbox import outbox

__all__ = ["ConnectionRefused", "WebSocketClient", "make_event", "make_headers", "outbox"]
