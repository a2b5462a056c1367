"""What PostgreSQL reads to carry a statement out: a month of dead rows costs nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from gateway import monitoring
from gateway.models import WebSocketSession
from gateway.revocation import end_logins, end_lost_logins, end_unpermitted, end_user
from gateway.testing import WebSocketClient

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]

DEAD = 20_000
FEW = 300


def rows_read(plan: dict[str, Any]) -> int:
    """The rows that every node of a plan has looked at, those that its filters threw away included."""
    removed = sum(value for name, value in plan.items() if name.startswith("Rows Removed by"))
    here = (plan["Actual Rows"] + removed) * plan["Actual Loops"]
    return int(here) + sum(rows_read(inner) for inner in plan.get("Plans", ()))


@contextmanager
def reading() -> Iterator[dict[str, int]]:
    """How many rows each statement reads meanwhile. It is carried out twice: the first time to be looked at, and undone."""
    seen: dict[str, int] = {}

    def watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(("SELECT", "UPDATE", "DELETE", "WITH")) and not many:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
                ((plan,),) = cursor.fetchone()
                seen[sql] = max(rows_read(plan["Plan"]), seen.get(sql, 0))
                transaction.set_rollback(True)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield seen


COLUMNS = {
    "connection_id": "connection_id || n",
    "session_key_hash": "session_key_hash || n",
    "created_on": "created_on - n * interval '2 minutes'",
    "disconnected_on": "created_on - n * interval '2 minutes'",
    "user_id": "CASE WHEN mod(n, 100) = 0 THEN user_id END",
}


@pytest.fixture
def busy(client: WebSocketClient) -> WebSocketClient:
    """A connection among many that have ended, some of them its user's."""
    dead = WebSocketSession(
        connection_id="dead=",
        channel_name="lobby",
        user_id=client.session.user_id,
        api_gateway=client.gateway,
        connected=False,
        session_key_hash="dead",
    )
    dead.save()
    names = [field.column for field in WebSocketSession._meta.concrete_fields if not field.primary_key]
    copied = ", ".join(COLUMNS.get(name, name) for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO gateway_websocketsession ({', '.join(names)}) SELECT {copied} "
            "FROM gateway_websocketsession, generate_series(1, %s) n WHERE id = %s",
            [DEAD, dead.pk],
        )
        cursor.execute("ANALYZE gateway_websocketsession")
    return client


@pytest.mark.parametrize(
    "act",
    [
        lambda client: client.send({"a": 1}),
        lambda client: client.connect(),
        lambda client: client.disconnect(),
        lambda client: client.browser.post("/accounts/logout/"),
        lambda client: end_logins([client.session.session_key_hash]),
        lambda client: end_user(client.session.user_id),
        lambda _: end_lost_logins(timezone.now()),
        lambda _: end_unpermitted(),
        lambda _: monitoring.gauges(),
        lambda client: WebSocketSession.objects.filter(channel_name="lobby").send_message({"a": 1}),
        lambda client: WebSocketSession.objects.retire([client.connection_id]),
    ],
    ids=[
        "message",
        "connect",
        "disconnect",
        "logout",
        "end-logins",
        "end-user",
        "reaper",
        "permissions",
        "figures",
        "send",
        "prune",
    ],
)
def test_dead_rows_are_not_read(busy: WebSocketClient, act: Callable[[WebSocketClient], Any]) -> None:
    """Whatever happens often reads the rows that it is about."""
    with reading() as seen:
        act(busy)

    assert seen
    assert {sql: rows for sql, rows in seen.items() if rows > FEW} == {}
