"""Whether the login that opened a connection still holds. What no signal shows is noticed here."""

import hmac
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from gateway.exceptions import LoginEnded, PermissionMissing, Refusal
from gateway.guards.requirements import holds
from gateway.guards.visit import Visit
from gateway.models import WebSocketSession
from gateway.models.arrival import Arrival
from gateway.models.roll_call import call_roll


class LoginHolds:
    """The login that opened the connection has not ended. One that ended behind our back ends the connection now."""

    def __call__(self, visit: Visit) -> None:
        session = visit.session()
        if session.closing_on is not None:
            raise LoginEnded(f"closing: {session.closing_code}")
        ended = visit.arrival and reason_to_end(visit.arrival)
        if ended:
            WebSocketSession.objects.filter(pk=session.pk).close(ended.code)
            raise ended


def reason_to_end(arrival: Arrival) -> Refusal | None:
    """Why the connection has no right to be there any more; None while it has."""
    session = arrival.session
    if not login_holds(session, session.user, login_alive=arrival.login_alive):
        return LoginEnded("noticed late")
    if not holds(session.user, session.permissions):
        return PermissionMissing("lost since the connection was opened")
    return None


def login_holds(session: WebSocketSession, user: AbstractBaseUser | None, *, login_alive: bool) -> bool:
    """Whether the user is active, the password unchanged and the Django session still there. Anonymous sockets have no login."""
    if user is None:
        return not session.session_key_hash
    return bool(user.is_active and login_alive and is_current_auth_hash(user, session.auth_hash))


def is_current_auth_hash(user: AbstractBaseUser, kept: str) -> bool:
    """Whether the password is still the one of `$connect`, under any of the project's secret keys."""
    if hmac.compare_digest(user.get_session_auth_hash(), kept):
        return True
    return any(hmac.compare_digest(old, kept) for old in user.get_session_auth_fallback_hash())


def lost(now: datetime) -> Iterator[tuple[str, list[int]]]:
    """The connections to end, a page at a time: the refusal's code and the sessions' keys."""
    for page in call_roll(now):
        users: dict[Any, Any] = {}  # one object a user: it remembers the permissions that it has looked up
        found: dict[str, list[int]] = {}
        for arrival in page:
            session = arrival.session
            session.user = users.setdefault(session.user_id, session.user)
            if reason := reason_to_end(arrival):
                found.setdefault(reason.code, []).append(session.pk)
        yield from found.items()
