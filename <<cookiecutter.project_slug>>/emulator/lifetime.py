"""The two walls that every connection meets: ten minutes without traffic, and two hours in all (AWS facts 1.5)."""

from functools import partial
from typing import Final

from emulator.clock import Clock
from emulator.connection import Connection
from emulator.switches import Switches

GOING_AWAY: Final = (1001, "Going away")


def start_timers(connection: Connection, clock: Clock, switches: Switches) -> None:
    """Begin to count, from the moment the connection opened."""
    connection.timers["life"] = clock.call_later(switches.max_connection_time, partial(_close, connection))
    _watch_idle(connection, clock, switches)


def _watch_idle(connection: Connection, clock: Clock, switches: Switches) -> None:
    """One timer at a time: it looks again at the moment the connection would be idle as of now, so messages cost nothing."""
    wait = connection.last_active_at + switches.idle_timeout - clock.now()
    connection.timers["idle"] = clock.call_later(wait, partial(_look, connection, clock, switches))


def _look(connection: Connection, clock: Clock, switches: Switches) -> None:
    if connection.last_active_at + switches.idle_timeout <= clock.now():
        _close(connection)
    else:
        _watch_idle(connection, clock, switches)


def _close(connection: Connection) -> None:
    if connection.is_open:
        connection.socket.close(*GOING_AWAY)
