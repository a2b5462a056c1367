"""One run at a time for each gateway. The lock dies with its process, so a killed run leaves none."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from gateway.models import ApiGateway
from gateway.provisioning.exceptions import BusyError

ADVISORY_LOCK_CLASS = 0x67617465
"""PostgreSQL's advisory locks take two numbers: this one is ours, the other is the gateway's primary key."""


@contextmanager
def provisioning_lock(gateway: ApiGateway) -> Iterator[None]:
    """Holds the gateway for the length of the block. Raises `BusyError` at once if another run has it."""
    lock = _postgresql_lock if connection.vendor == "postgresql" else _file_lock
    with lock(gateway) as is_ours:
        if not is_ours:
            raise BusyError(
                f"Another run is provisioning {gateway.api_name!r} right now: wait for it, then run this again."
            )
        yield


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
def _file_lock(gateway: ApiGateway) -> Iterator[bool]:
    """A lock of the operating system on a file beside the database. The file stays, the lock does not."""
    with lock_path(str(connection.settings_dict["NAME"]), gateway.pk).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def lock_path(database: str, key: int) -> Path:
    """`db.sqlite3` -> `db.sqlite3-provisioning-1.lock`. A database in memory is its process's own, and so is its lock."""
    if "memory" in database:
        return Path(tempfile.gettempdir()) / f"provisioning-{os.getpid()}-{key}.lock"
    return Path(f"{database}-provisioning-{key}.lock")
