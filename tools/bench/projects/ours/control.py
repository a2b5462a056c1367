"""Rows and broadcasts of the generated project. Reads commands, see `answering`."""

import secrets
from datetime import datetime, timedelta
from typing import Any

import django

django.setup()

from answering import answer_commands, timed
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from gateway.events import hash_of
from gateway.models import ApiGateway, WebSocketSession, WebSocketToken

USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64)"
User = get_user_model()
_logins: list[tuple[Any, str]] = []


def _some_time_ago() -> datetime:
    """Old enough that 410 means gone: a connection younger than half a minute may still be in its `$connect`."""
    return timezone.now() - timedelta(minutes=5)


def _log_in(user: AbstractBaseUser) -> str:
    store = SessionStore()
    store["_auth_user_id"] = str(user.pk)
    store["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    store["_auth_user_hash"] = user.get_session_auth_hash()
    store.create()
    return str(store.session_key)


def prepare(users: int) -> dict[str, int]:
    """Tables, one gateway, users who are signed in."""
    call_command("migrate", verbosity=0)
    ApiGateway.objects.create(
        api_name="bench",
        api_id="benchapi01",
        target_base_endpoint="https://www.example.com/ws/",
        domain_name="ws.example.com",
        custom_domain=True,
    )
    User.objects.bulk_create([User(username=f"user{number}", password="!") for number in range(users)])
    _logins[:] = [(user, _log_in(user)) for user in User.objects.order_by("pk")]
    return {"users": len(_logins)}


def sessions(numbers: list[int], channel: str, ids: str) -> dict[str, int]:
    """Connected sessions of those numbers; `ids` is a format of their connection ids."""
    gateway = ApiGateway.objects.get()
    rows = []
    for number in range(*numbers):
        user, key = _logins[number % len(_logins)]
        rows.append(
            WebSocketSession(
                connection_id=ids.format(number),
                channel_name=channel,
                user=user,
                api_gateway=gateway,
                session_key_hash=hash_of(key),
                auth_hash=user.get_session_auth_hash(),
                user_agent=USER_AGENT,
                ip_address="198.51.100.7",
                created_on=_some_time_ago(),
            )
        )
    WebSocketSession.objects.bulk_create(rows, batch_size=2000)
    return {"sessions": len(rows)}


def fill(rows: int) -> dict[str, int]:
    """As many connected sessions more, of all users and of a thousand channels, written by the database itself."""
    table = WebSocketSession._meta.db_table
    template = WebSocketSession.objects.order_by("pk").first()
    columns = [field.column for field in WebSocketSession._meta.concrete_fields if not field.primary_key]
    different = {
        "connection_id": "'F' || lpad(n::text, 14, '0') || '='",
        "channel_name": "'channel-' || mod(n, 1000)",
        "user_id": f"{_logins[0][0].pk} + mod(n, {len(_logins)})",
        "session_key_hash": "encode(sha256(n::text::bytea), 'hex')",
    }
    values = ", ".join(different.get(column, f"t.{column}") for column in columns)
    source = f"generate_series(1, %s) n, {table} t WHERE t.id = %s"
    statement = f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {source}"
    with connection.cursor() as cursor:
        cursor.execute(statement, [rows, template.pk if template else 0])
    return {"sessions": WebSocketSession.objects.count()}


def reconnect() -> dict[str, int]:
    """Every session is connected again."""
    ended = WebSocketSession.objects.filter(connected=False)
    return {
        "sessions": ended.update(
            connected=True, disconnect_seen=False, disconnected_on=None, created_on=_some_time_ago()
        )
    }


def logins(count: int, first: int = 0, *, tokens: bool = True) -> list[list[str]]:
    """Session key and a fresh token for as many connects; users in turn."""
    chosen = [_logins[(first + number) % len(_logins)] for number in range(count)]
    if not tokens:
        return [[key, ""] for _, key in chosen]
    plain = [secrets.token_urlsafe(32) for _ in chosen]
    rows = [
        WebSocketToken(
            token_hash=hash_of(token),
            user=user,
            session_key_hash=hash_of(key),
            auth_hash=user.get_session_auth_hash(),
        )
        for token, (user, key) in zip(plain, chosen, strict=True)
    ]
    WebSocketToken.objects.bulk_create(rows, batch_size=2000)
    return [[key, token] for (_, key), token in zip(chosen, plain, strict=True)]


def broadcast(endpoint: str, channel: str, data: dict[str, Any]) -> dict[str, Any]:
    """Send to a channel, exactly as a view would."""
    ApiGateway.objects.update(callback_url=endpoint)
    delivery, cost = timed(lambda: WebSocketSession.objects.filter(channel_name=channel).send_message(data))
    counts = {name: getattr(delivery, name) for name in ("sent", "gone", "throttled", "failed")}
    return {**counts, **cost}


answer_commands(prepare=prepare, sessions=sessions, fill=fill, reconnect=reconnect, logins=logins, broadcast=broadcast)
