"""The statements of `$connect` and `$disconnect`.

A connection id lives once. Whichever of `$connect` and `$disconnect` comes first makes the row, and the row moves forward only. So
an early, a second or a late `$disconnect`, and an id seen twice, are all one rule: what has ended stays ended.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db import connection

from gateway.models.logins import alive
from gateway.models.rows import Rows, event_cursor, moment
from gateway.models.session import WebSocketSession
from gateway.models.token import WebSocketToken

_tokens = Rows(WebSocketToken)
_sessions = Rows(WebSocketSession)


@cache
def user_rows() -> Rows[AbstractBaseUser]:
    """The columns of the project's user model, which is known once every app is loaded."""
    return Rows(get_user_model())


@dataclass(frozen=True, slots=True)
class FoundToken:
    """A token that exists, with its user, and whether the login that fetched it still holds."""

    token: WebSocketToken
    login_alive: bool

    def is_good(self, now: datetime, lifetime: int) -> bool:
        """Whether it may be redeemed. Redeeming decides: another process may be quicker."""
        return (
            self.token.used_on is None
            and self.token.created_on > now - timedelta(seconds=lifetime)
            and self.login_alive
            and self.token.user.is_active
        )


def find_token(token_hash: str, now: datetime) -> FoundToken | None:
    """The token with this hash and its user, in one statement."""
    users = user_rows()
    sql = (
        f"SELECT {_tokens.columns('t')}, {users.columns('u')}, {alive('t.session_key_hash')} "  # noqa: S608
        f"FROM {_tokens.table} t JOIN {users.table} u ON u.{users.key} = t.user_id WHERE t.token_hash = %s"
    )
    with event_cursor() as cursor:
        cursor.execute(sql, [moment(now), token_hash])
        row = cursor.fetchone()
    if row is None:
        return None
    token = _tokens.read(row)
    token.user = users.read(row[len(_tokens.names) :])  # type: ignore[assignment]
    return FoundToken(token, bool(row[-1]))


def redeem(token: WebSocketToken, now: datetime, lifetime: int) -> bool:
    """Uses the token up. True for exactly one caller."""
    sql = f"UPDATE {_tokens.table} SET used_on = %s WHERE id = %s AND used_on IS NULL AND created_on > %s"  # noqa: S608
    with event_cursor() as cursor:
        cursor.execute(sql, [moment(now), token.pk, moment(now - timedelta(seconds=lifetime))])
        return bool(cursor.rowcount == 1)


def open_session(session: WebSocketSession) -> bool:
    """Writes the row of a new connection. False when its id was seen before, connected or not."""
    sql = f"{_sessions.insert} ON CONFLICT (connection_id) DO NOTHING RETURNING id"
    with event_cursor() as cursor:
        cursor.execute(sql, _sessions.values(session))
        row = cursor.fetchone()
    if row is None:
        return False
    session.pk = row[0]
    session._state.adding, session._state.db = False, connection.alias  # noqa: SLF001  (as the ORM's own save does)
    return True


def end_session(ending: WebSocketSession) -> WebSocketSession | None:
    """Writes what `$disconnect` tells of a connection, in one statement.

    Returns the session at its first `$disconnect`, else None. An id that is not known is remembered as ended, without a channel, so
    that a `$connect` which comes too late is refused.
    """
    old = _sessions.table
    sql = (
        f"{_sessions.insert} ON CONFLICT (connection_id) DO UPDATE SET connected = excluded.connected, "
        f"disconnect_seen = excluded.disconnect_seen, updated_on = excluded.updated_on, "
        f"disconnected_on = coalesce({old}.disconnected_on, excluded.disconnected_on), "
        f"disconnect_code = excluded.disconnect_code, disconnect_reason = excluded.disconnect_reason "
        f"WHERE NOT {old}.disconnect_seen AND {old}.api_gateway_id = excluded.api_gateway_id "
        f"RETURNING {_sessions.columns()}"
    )
    with event_cursor() as cursor:
        cursor.execute(sql, _sessions.values(ending))
        row = cursor.fetchone()
    session = _sessions.read(row) if row else None
    return session if session and session.channel_name else None
