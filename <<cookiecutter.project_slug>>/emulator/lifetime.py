"""The two walls that every connection meets: ten minutes without traffic, and two hours in all (AWS facts 1.5)."""

from typing import Final

from emulator.clock import Clock
from emulator.connection import Connection
from emulator.switches import Switches

GOING_AWAY: Final = (1001, "Going away")


def start_timers(connection: Connection, clock: Clock, switches: Switches) -> None:
    """Begin to count, from the moment the connection opened."""
    connection.timers.append(clock.call_later(switches.max_connection_time, lambda: _close(connection)))
    _watch_idle(connection, clock, switches)


def _watch_idle(connection: Connection, clock: Clock, switches: Switches) -> None:
    """One timer at a time: it looks again at the moment the connection would be idle as of now, so messages cost nothing."""

    def look() -> None:
        if connection.last_active_at + switches.idle_timeout <= clock.now():
            _close(connection)
        else:
            connection.timers.remove(timer)
            _watch_idle(connection, clock, switches)

    wait = connection.last_active_at + switches.idle_timeout - clock.now()
    timer = clock.call_later(wait, look)
    connection.timers.append(timer)


def _close(connection: Connection) -> None:
    if connection.is_open:
        connection.socket.close(*GOING_AWAY)
