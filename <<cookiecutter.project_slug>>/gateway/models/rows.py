"""Rows of a model in hand-written SQL: columns out, instances in.

Half of what an event costs is Django's query builder, so the statements of an event are written by hand and run on both databases.
What the ORM does to values on their way (JSON, times on SQLite, addresses) is done here too, by the ORM's own converters.
"""

import math
import threading
from functools import cached_property
from time import monotonic
from typing import Any, Final, Generic, TypeVar

from django.db import connection, models
from django.db.backends.utils import CursorWrapper
from django.db.models.expressions import Col

M = TypeVar("M", bound=models.Model)

TRUSTED_SECONDS: Final = 5.0
"""A database connection that a thread used so recently is not asked whether it still works: that is a round trip for each event."""

_thread = threading.local()


def quoted(name: str) -> str:
    """A table's or column's name as SQL. Both databases quote alike."""
    return f'"{name}"'


def event_cursor() -> CursorWrapper:
    """A cursor for statements of an event.

    On PostgreSQL it sends the parameters beside the SQL, so that psycopg prepares what comes again (`prepare_threshold` in the
    database's OPTIONS): most of what a short statement costs there is reading and planning it. Django's own cursor cannot.
    """
    if connection.vendor != "postgresql":
        return connection.cursor()
    from django.db.backends.postgresql.base import ServerBindingCursor

    now = monotonic()
    if now - getattr(_thread, "used_on", -math.inf) > TRUSTED_SECONDS:
        connection.close_if_health_check_failed()
    _thread.used_on = now
    connection.ensure_connection()
    raw = ServerBindingCursor(connection.connection)  # type: ignore[call-arg]
    wrapped: CursorWrapper = connection._prepare_cursor(raw)  # type: ignore[attr-defined]  # noqa: SLF001
    return wrapped


def without_waiting() -> str:
    """One more column to return, for a write that need not survive a crash of the database: it answers before its disk does.

    For counts and records. What the last half second wrote may be lost, and on real disks waiting is most of what a write takes.
    """
    return ", set_config('synchronous_commit', 'off', true)" if connection.vendor == "postgresql" else ""


class Rows(Generic[M]):
    """The columns of a model, in the order in which `read` expects them."""

    def __init__(self, model: type[M]) -> None:
        self.model = model
        self.table = quoted(model._meta.db_table)

    @cached_property
    def fields(self) -> list[Any]:
        """Late, because foreign keys need every app loaded."""
        return list(self.model._meta.concrete_fields)

    @cached_property
    def names(self) -> list[str]:
        return [field.attname for field in self.fields]

    @cached_property
    def key(self) -> str:
        """The primary key's column."""
        return quoted(str(self.model._meta.pk.column))

    def columns(self, alias: str = "") -> str:
        """For SELECT or RETURNING."""
        prefix = f"{alias}." if alias else ""
        return ", ".join(prefix + quoted(field.column) for field in self.fields)

    @cached_property
    def _converters(self) -> list[tuple[int, Any, list[Any]]]:
        found = []
        for place, field in enumerate(self.fields):
            column = Col(self.model._meta.db_table, field)
            converters = [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]
            if converters:
                found.append((place, column, converters))
        return found

    def read(self, row: tuple[Any, ...]) -> M:
        """An instance, as the ORM would make it of these values. Longer rows may follow; the rest is left alone."""
        values = list(row[: len(self.fields)])
        for place, column, converters in self._converters:
            for convert in converters:
                values[place] = convert(values[place], column, connection)
        return self.model.from_db(connection.alias, self.names, values)

    @cached_property
    def insert(self) -> str:
        """`INSERT INTO ... VALUES (...)`, without the primary key."""
        names = ", ".join(quoted(field.column) for field in self.fields if not field.primary_key)
        marks = ", ".join("%s" for field in self.fields if not field.primary_key)
        return f"INSERT INTO {self.table} ({names}) VALUES ({marks})"  # noqa: S608  (names come from the models)

    def values(self, instance: M) -> list[Any]:
        """The values for `insert`."""
        return [
            field.get_db_prep_save(getattr(instance, field.attname), connection)
            for field in self.fields
            if not field.primary_key
        ]


def moment(value: Any) -> Any:
    """A point in time as a parameter."""
    return connection.ops.adapt_datetimefield_value(value)
