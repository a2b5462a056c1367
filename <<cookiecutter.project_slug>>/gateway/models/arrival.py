"""The statement of a message: find its session, count the message, and keep to the session's message rate.

The rate's instants live in the session's own row (see `gateway.models.limiter` for the rule), so the limit is exact for any number
of workers and costs no statement of its own. PostgreSQL answers with the user as well; SQLite's RETURNING cannot join, and takes a
second statement for that.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from gateway.limits import MAX_CONNECTION_SECONDS
from gateway.models.admission import user_rows
from gateway.models.limiter import admits, extended, stamp
from gateway.models.logins import alive
from gateway.models.rows import Rows, event_cursor, moment, without_waiting
from gateway.models.session import WebSocketSession

_sessions = Rows(WebSocketSession)


@dataclass(frozen=True, slots=True)
class MessageRate:
    """At most `count` messages in any `window` of one connection. A count of 0 means no limit."""

    count: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message's session, with its user, and what the database said of both."""

    session: WebSocketSession
    login_alive: bool

    @property
    def within_rate(self) -> bool:
        """Whether the message rate let this message in."""
        return self.session.strikes == 0


def arrive(connection_id: str, api_gateway_id: int, rate: MessageRate, now: datetime) -> Arrival | None:
    """Counts a message and returns its session, or None when no connection with this id is alive on this gateway.

    A session that is closing is returned; its messages are refused for a reason of their own.
    """
    together = connection.vendor == "postgresql"
    sql = _statement(rate.count, together=together, login=alive("arrived.session_key_hash") if together else "")
    parameters: list[Any] = [moment(now)]
    if rate.count:
        horizon = stamp(now - rate.window)
        parameters += [horizon, stamp(now), horizon]
    parameters += [connection_id, api_gateway_id, moment(now - timedelta(seconds=MAX_CONNECTION_SECONDS))]
    if together:
        parameters.append(moment(now))
    with event_cursor() as cursor:
        cursor.execute(sql, parameters)
        row = cursor.fetchone()
        if row is None:
            return None
        session = _sessions.read(row)
        rest = row[len(_sessions.names) :] if together else _owner(cursor, session, now)
    if session.user_id is None:
        session.user = None
    else:
        session.user = user_rows().read(rest)  # type: ignore[assignment]
    return Arrival(session, login_alive=bool(rest[-1]))


@lru_cache(maxsize=64)
def _statement(count: int, *, together: bool, login: str) -> str:
    """The UPDATE, written once for each message rate; `together` with what it finds out about the user."""
    old = "s.message_instants"
    rate = (
        f"message_instants = CASE WHEN {admits(old, count)} THEN {extended(old, count)} ELSE {old} END, "
        f"strikes = CASE WHEN {admits(old, count)} THEN 0 ELSE s.strikes + 1 END"
        if count
        else "strikes = 0"
    )
    update = (
        f"UPDATE {_sessions.table} AS s SET request_count = s.request_count + 1, updated_on = %s, {rate} "  # noqa: S608
        f"WHERE s.connection_id = %s AND s.api_gateway_id = %s AND s.connected AND s.created_on > %s "
        f"RETURNING {_sessions.columns()}"
    )
    if not together:
        return update
    users = user_rows()
    return (
        f"WITH arrived AS ({update}{without_waiting()}) "  # noqa: S608
        f"SELECT {_sessions.columns('arrived')}, {users.columns('u')}, {login} "
        f"FROM arrived LEFT JOIN {users.table} u ON u.{users.key} = arrived.user_id"
    )


def _owner(cursor: CursorWrapper, session: WebSocketSession, now: datetime) -> tuple[Any, ...]:
    """The session's user and whether the login holds, where RETURNING cannot tell."""
    users = user_rows()
    sql = (
        f"SELECT {users.columns('u')}, {alive('s.session_key_hash')} FROM {_sessions.table} s "  # noqa: S608
        f"LEFT JOIN {users.table} u ON u.{users.key} = s.user_id WHERE s.id = %s"
    )
    cursor.execute(sql, [moment(now), session.pk])
    row: tuple[Any, ...] = cursor.fetchone()
    return row
