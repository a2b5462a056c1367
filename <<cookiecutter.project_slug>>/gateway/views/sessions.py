"""From an event to the row of its connection."""

from django.contrib.auth.models import AbstractBaseUser

from gateway.guards import Visit
from gateway.models import WebSocketSession


def session_of(visit: Visit) -> WebSocketSession:
    """The row of a connection that every guard let pass."""
    user: AbstractBaseUser | None = visit.user
    return WebSocketSession(
        connection_id=visit.event.connection_id or "",
        channel_name=visit.channel_name,
        user_id=user.pk if user else None,
        api_gateway_id=visit.known_gateway().pk,
        created_on=visit.now,
        updated_on=visit.now,
        session_key_hash=visit.session_key_hash,
        auth_hash=user.get_session_auth_hash() if user else "",
        permissions=visit.requirement,
        user_agent=visit.event.user_agent,
        ip_address=visit.event.source_ip,
    )


def ending_of(visit: Visit) -> WebSocketSession:
    """The row of a connection that has ended, whether or not it is known."""
    return WebSocketSession(
        connection_id=visit.event.connection_id or "",
        channel_name="",
        api_gateway_id=visit.known_gateway().pk,
        connected=False,
        created_on=visit.now,
        updated_on=visit.now,
        disconnected_on=visit.now,
        disconnect_seen=True,
        disconnect_code=visit.event.disconnect_code,
        disconnect_reason=visit.event.disconnect_reason,
    )
