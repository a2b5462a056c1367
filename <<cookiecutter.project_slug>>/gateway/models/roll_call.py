"""Every open connection with its user and whether its login still has a session: for the reaper."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from gateway.models.admission import user_rows
from gateway.models.arrival import Arrival
from gateway.models.logins import alive
from gateway.models.rows import Rows, event_cursor, moment
from gateway.models.session import WebSocketSession

PAGE: Final = 1_000

_sessions = Rows(WebSocketSession)


def call_roll(now: datetime) -> Iterator[list[Arrival]]:
    """The connections that are open and not closing, a page at a time, by primary key. No transaction stays open between pages."""
    last = 0
    while page := _page(last, now):
        yield page
        last = page[-1].session.pk


def _page(after: int, now: datetime) -> list[Arrival]:
    users = user_rows()
    sql = (
        f"SELECT {_sessions.columns('s')}, {users.columns('u')}, {alive('s.session_key_hash')} "  # noqa: S608
        f"FROM {_sessions.table} s LEFT JOIN {users.table} u ON u.{users.key} = s.user_id "
        f"WHERE s.id > %s AND s.connected AND s.closing_on IS NULL ORDER BY s.id LIMIT {PAGE}"
    )
    with event_cursor() as cursor:
        cursor.execute(sql, [moment(now), after])
        rows = cursor.fetchall()
    page = []
    for row in rows:
        session = _sessions.read(row)
        user = users.read(row[len(_sessions.names) :]) if session.user_id is not None else None
        session.user = user  # type: ignore[assignment]
        page.append(Arrival(session, login_alive=bool(row[-1])))
    return page
