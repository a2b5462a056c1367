"""Whether a login still holds: Django's session row, found by the hash of its key.

We keep only SHA-256 of the key, because the key itself opens the account. Both databases can compute the hash, so even a row that
was deleted behind Django's back, or has expired, is noticed by the next message. On PostgreSQL an index over the same expression
makes that one probe; SQLite, meant for a laptop, looks through its few rows.
"""

from functools import cache
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.core.signals import setting_changed
from django.db import connection, connections

from gateway.models.rows import quoted


@cache
def session_model() -> type[AbstractBaseSession] | None:
    """The model of Django's sessions; None when they live in a cache or in cookies, where their end cannot be seen."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    return store.get_model_class() if hasattr(store, "get_model_class") else None


def hash_expression(column: str) -> str:
    """SHA-256 of a text column in hexadecimal, on PostgreSQL (its own) and on SQLite (Django registers the function)."""
    if connection.vendor == "postgresql":
        return f"encode(sha256({column}::bytea), 'hex')"
    return f"SHA256({column})"


def alive(hash_sql: str) -> str:
    """An SQL condition: the login whose hash `hash_sql` gives has a session that has not expired. One parameter: now."""
    model = session_model()
    if model is None:
        return "(%s IS NOT NULL)"
    key = f"login.{quoted('session_key')}"
    return (
        f"EXISTS (SELECT 1 FROM {quoted(model._meta.db_table)} login "  # noqa: S608
        f"WHERE {hash_expression(key)} = {hash_sql} AND login.expire_date > %s)"
    )


def index_logins(*, using: str, **_: Any) -> None:
    """Makes PostgreSQL find a session row by the hash of its key. Called after every `migrate`: the table is not this app's."""
    model, database = session_model(), connections[using]
    if model is None or database.vendor != "postgresql":
        return
    table = model._meta.db_table
    with database.cursor() as cursor:
        if table in database.introspection.table_names(cursor):
            expression = hash_expression(quoted("session_key"))
            cursor.execute(f"CREATE INDEX IF NOT EXISTS gateway_login_hash ON {quoted(table)} (({expression}))")


def _forget(*, setting: str, **_: Any) -> None:
    if setting == "SESSION_ENGINE":
        session_model.cache_clear()


setting_changed.connect(_forget)
