"""What the engine tells the rest of a project. Receivers must not raise, and must not send inside `$connect`."""

from django.dispatch import Signal

connected = Signal()
"""A connection was accepted. Arguments: `session`."""

disconnected = Signal()
"""A connection has ended. Arguments: `session`."""

refused = Signal()
"""An event or request was refused. Arguments: `code`, `correlation_id` (empty when the caller may be a stranger), `kind` (of
event or request; empty when there is none)."""
