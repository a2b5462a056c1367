"""An exact sliding window: at most N admissions in any window of the given length, under any concurrency.

Each subject's row keeps its last N admitted instants, newest first, each as 16 digits (microseconds since 1970). A subject may
pass when the N-th newest is missing or has left the window, so the whole rule is one comparison of strings, which every database
can make:

    substr(instants, 16 * (N - 1) + 1, 16) <= horizon

Fixed windows and leaky buckets let nearly twice the limit through in some window; this does not. A refusal changes no row, so it
does not extend the wait, and costs the same whatever came before.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from gateway.models.batches import delete
from gateway.models.rate_limit import RateLimitSubject
from gateway.models.rows import Rows, event_cursor, moment, without_waiting

_rows = Rows(RateLimitSubject)
_DIGITS: Final = 16
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` in any `window`. `name` keeps limits of different kinds apart."""

    name: str
    count: int
    window: timedelta

    def subject(self, kind: str, value: object) -> str:
        """The key of a row. Limits with other figures count on their own."""
        return f"{self.name}:{self.count}/{self.window.total_seconds():g}s:{kind}:{value}"


def stamp(instant: datetime) -> str:
    """An instant as 16 digits. They sort as the instants do, until the year 2286."""
    return f"{(instant - _EPOCH) // _MICROSECOND:0{_DIGITS}d}"


def admits(column: str, count: int) -> str:
    """The rule in SQL; its one parameter is the stamp of the window's start."""
    return f"substr({column}, {_DIGITS * (count - 1) + 1}, {_DIGITS}) <= %s"


def extended(column: str, count: int) -> str:
    """The column with one more instant in front; the parameter is its stamp.

    A process whose clock is behind, or that had to wait for the row, writes the newest instant again: the rule needs them in order.
    """
    later = "greatest" if connection.vendor == "postgresql" else "max"
    return f"{later}(%s, substr({column}, 1, {_DIGITS})) || substr({column}, 1, {_DIGITS * (count - 1)})"


def admit(subjects: Sequence[str], limit: Limit, now: datetime) -> int | None:
    """Lets all subjects pass together, or none of them.

    Returns None when they pass, else the whole seconds after which it is worth trying again. One statement when they pass. The
    subjects are sorted, so that two processes never wait for each other.
    """
    subjects = sorted(set(subjects))
    if not subjects:
        return None
    if limit.count < 1:
        return math.ceil(limit.window.total_seconds())
    with transaction.atomic(savepoint=False), event_cursor() as cursor:
        _upsert(cursor, subjects, limit, now)
        passed = [subject for subject, *_ in cursor.fetchall()]
        if len(passed) == len(subjects):
            return None
        if passed:
            # Another subject refuses. Ours are still locked by this transaction, so nobody has seen them pass.
            _take_back(cursor, passed)
        return _wait(cursor, subjects, limit, now)


def wait(subjects: Sequence[str], limit: Limit, now: datetime) -> int | None:
    """What `admit` would answer, without counting."""
    with event_cursor() as cursor:
        seconds = _wait(cursor, subjects, limit, now) if subjects else 0
    return seconds if seconds > 0 else None


def forget_expired(now: datetime) -> int:
    """Deletes the rows of subjects that have not been seen for a whole window. Returns how many."""
    return delete(RateLimitSubject.objects.filter(expires_on__lt=now))


def _upsert(cursor: CursorWrapper, subjects: Sequence[str], limit: Limit, now: datetime) -> None:
    """One row a subject; those that may not pass are left as they are and not returned."""
    values = ", ".join("(%s, %s, %s)" for _ in subjects)
    old = f"{_rows.table}.instants"
    instant, expires_on = stamp(now), moment(now + limit.window)
    cursor.execute(
        f"INSERT INTO {_rows.table} (subject, instants, expires_on) VALUES {values} "  # noqa: S608
        f"ON CONFLICT (subject) DO UPDATE SET instants = {extended(old, limit.count)}, expires_on = excluded.expires_on "
        f"WHERE {admits(old, limit.count)} RETURNING subject{without_waiting()}",
        [value for subject in subjects for value in (subject, instant, expires_on)]
        + [instant, stamp(now - limit.window)],
    )


def _take_back(cursor: CursorWrapper, subjects: Sequence[str]) -> None:
    marks = ", ".join("%s" for _ in subjects)
    cursor.execute(
        f"UPDATE {_rows.table} SET instants = substr(instants, {_DIGITS + 1}) WHERE subject IN ({marks})",  # noqa: S608
        list(subjects),
    )


def _wait(cursor: CursorWrapper, subjects: Sequence[str], limit: Limit, now: datetime) -> int:
    """Whole seconds until the last of the subjects may pass; 0 when all may."""
    marks = ", ".join("%s" for _ in subjects)
    nth = f"substr(instants, {_DIGITS * (limit.count - 1) + 1}, {_DIGITS})"
    cursor.execute(f"SELECT max({nth}) FROM {_rows.table} WHERE subject IN ({marks})", list(subjects))  # noqa: S608
    value = cursor.fetchone()[0]
    if not value:
        return 0
    free_on = _EPOCH + int(value) * _MICROSECOND + limit.window
    return max(0, math.ceil(min(free_on - now, limit.window).total_seconds()))
