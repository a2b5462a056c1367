"""The two walls that every connection meets: ten minutes without traffic, and two hours in all (AWS facts 1.5)."""

from functools import partial
from typing import Final

from emulator.clock import Clock
from emulator.connection import Connection
from emulator.switches import Switches

GOING_AWAY: Final = (1001, "Going away")


def start_timer(connection: Connection, clock: Clock, switches: Switches) -> None:
    """Begin to count, from the moment the connection opened."""
    _watch(connection, clock, switches, clock.now() + switches.max_connection_time)


def _watch(connection: Connection, clock: Clock, switches: Switches, end_of_life: float) -> None:
    """One timer at a time, set to the nearer wall as of now: traffic does not touch it, so messages cost nothing."""
    wall = min(connection.last_active_at + switches.idle_timeout, end_of_life)
    look = partial(_look, connection, clock, switches, end_of_life, wall)
    connection.timer = clock.call_later(wall - clock.now(), look)


def _look(connection: Connection, clock: Clock, switches: Switches, end_of_life: float, wall: float) -> None:
    """Traffic has moved the wall on, or this is it."""
    if wall < end_of_life and connection.last_active_at + switches.idle_timeout > wall:
        _watch(connection, clock, switches, end_of_life)
    elif connection.is_open:
        connection.socket.close(*GOING_AWAY)
