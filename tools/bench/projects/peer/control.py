"""Rows and broadcasts of the published package's project. Reads commands, see `answering`."""

import secrets
from typing import Any

import django

django.setup()

from answering import answer_commands, timed
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django_aws_api_gateway_websockets import models

User = get_user_model()
_logins: list[tuple[Any, str]] = []


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
    models.ApiGateway.objects.bulk_create(
        [
            models.ApiGateway(
                api_name="bench", api_id="benchapi01", stage_name="production", default_channel_name="lobby"
            )
        ]
    )
    User.objects.bulk_create([User(username=f"user{number}", password="!") for number in range(users)])
    _logins[:] = [(user, _log_in(user)) for user in User.objects.order_by("pk")]
    return {"users": len(_logins)}


def sessions(numbers: list[int], channel: str, ids: str) -> dict[str, int]:
    """Connected sessions of those numbers; `ids` is a format of their connection ids."""
    gateway = models.ApiGateway.objects.get()
    rows = []
    for number in range(*numbers):
        user, key = _logins[number % len(_logins)]
        rows.append(
            models.WebSocketSession(
                connection_id=ids.format(number),
                channel_name=channel,
                user=user,
                api_gateway=gateway,
                session_key_hash=models.hash_session_key(key),
                auth_hash=models.hash_user_auth(user),
            )
        )
    models.WebSocketSession.objects.bulk_create(rows, batch_size=2000)
    return {"sessions": len(rows)}


def reconnect() -> dict[str, int]:
    """Every session is connected again."""
    return {"sessions": models.WebSocketSession.objects.filter(connected=False).update(connected=True)}


def logins(count: int, first: int = 0, *, tokens: bool = True) -> list[list[str]]:
    """Session key and a fresh token for as many connects; users in turn."""
    chosen = [_logins[(first + number) % len(_logins)] for number in range(count)]
    if not tokens:
        return [[key, ""] for _, key in chosen]
    rows = [
        models.WebSocketToken(token=secrets.token_hex(32), user=user, session_key=models.hash_session_key(key))
        for user, key in chosen
    ]
    models.WebSocketToken.objects.bulk_create(rows, batch_size=2000)
    return [[key, row.token] for (_, key), row in zip(chosen, rows, strict=True)]


def broadcast(endpoint: str, channel: str, data: dict[str, Any]) -> dict[str, Any]:
    """Send to a channel through the package's own code; only the endpoint differs from AWS's."""
    build = models.get_boto3_client

    def client_of_endpoint(service: str = "apigatewayv2", **options: Any) -> Any:
        return build(service, **options | {"endpoint_url": endpoint})

    models.get_boto3_client = client_of_endpoint
    try:
        answers, cost = timed(lambda: models.WebSocketSession.objects.filter(channel_name=channel).send_message(data))
    finally:
        models.get_boto3_client = build
    return {"sent": len(answers), **cost}


answer_commands(prepare=prepare, sessions=sessions, reconnect=reconnect, logins=logins, broadcast=broadcast)
