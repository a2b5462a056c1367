"""One run at a time for each gateway. The lock dies with its process, so a killed run leaves none."""

import fcntl
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from django.db import connection

from gateway.models import ApiGateway
from gateway.provisioning.exceptions import BusyError

ADVISORY_LOCK_CLASS = 0x67617465
"""PostgreSQL's advisory locks take two numbers: this one is ours, the other is the gateway's primary key."""

_THREADS: dict[int, threading.Lock] = {}


@contextmanager
def provisioning_lock(gateway: ApiGateway) -> Iterator[None]:
    """Holds the gateway for the length of the block. Raises `BusyError` at once if another run has it."""
    with _lock(gateway) as is_ours:
        if not is_ours:
            raise BusyError(
                f"Another run is provisioning {gateway.api_name!r} right now: wait for it, then run this again."
            )
        yield


def _lock(gateway: ApiGateway) -> AbstractContextManager[bool]:
    if connection.vendor == "postgresql":
        return _postgresql_lock(gateway)
    database = str(connection.settings_dict["NAME"])
    in_memory = database == ":memory:" or "mode=memory" in database
    return _thread_lock(gateway) if in_memory else _file_lock(Path(f"{database}-provisioning-{gateway.pk}.lock"))


@contextmanager
def _postgresql_lock(gateway: ApiGateway) -> Iterator[bool]:
    """Held by the database session, whatever its transactions do."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [ADVISORY_LOCK_CLASS, gateway.pk])
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [ADVISORY_LOCK_CLASS, gateway.pk])


@contextmanager
def _file_lock(path: Path) -> Iterator[bool]:
    """A lock of the operating system on a file beside the database. The file stays, the lock does not."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


@contextmanager
def _thread_lock(gateway: ApiGateway) -> Iterator[bool]:
    """A database in memory is its process's own: only other threads could be in the way."""
    lock = _THREADS.setdefault(gateway.pk, threading.Lock())
    is_ours = lock.acquire(blocking=False)
    try:
        yield is_ours
    finally:
        if is_ours:
            lock.release()
