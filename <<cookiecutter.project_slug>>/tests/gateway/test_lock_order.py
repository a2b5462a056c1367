"""Two updates of the same connections wait for each other, and never both."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections, transaction

from gateway.models import WebSocketSession
from gateway.testing.client import a_gateway

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
BY_INDEX = "SET enable_seqscan = off; SET enable_bitmapscan = off"
"""As on a large table, where each of the two goes by an index of its own."""


@pytest.fixture
def three(ann: Any) -> list[str]:
    """Connections whose ids are in the opposite order of their rows."""
    names = ["c3=", "c2=", "c1="]
    for name in names:
        WebSocketSession.objects.create(connection_id=name, user=ann, api_gateway=a_gateway(), channel_name="lobby")
    return names


def started(act: Callable[[], Any], failed: list[DatabaseError]) -> threading.Thread:
    def run() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute(BY_INDEX)
            act()
        except DatabaseError as error:
            failed.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def until_waiting(number: int) -> None:
    """Returns when so many have come to a lock that somebody else holds."""
    pause = threading.Event()
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # inside a transaction the view would stay as it was
            cursor.execute(WAITING)
            if cursor.fetchone()[0] >= number:
                return
            pause.wait(0.02)


def test_closing_and_pruning_the_same_connections(three: list[str], ann: Any) -> None:
    """A logout closes by the login's index what a send prunes by the connections' own."""
    failed: list[DatabaseError] = []

    with transaction.atomic():
        WebSocketSession.objects.select_for_update().get(connection_id="c2=")
        threads = [started(lambda: WebSocketSession.objects.filter(user=ann).close("x"), failed)]
        until_waiting(1)
        threads.append(started(lambda: WebSocketSession.objects.retire(three), failed))
        until_waiting(2)
    for thread in threads:
        thread.join()

    assert failed == []
    assert not WebSocketSession.objects.filter(connected=True).exists()


def test_closing_while_a_message_is_counted(three: list[str], ann: Any) -> None:
    """The row that was changed meanwhile is closed all the same."""
    failed: list[DatabaseError] = []
    closed: list[int] = []

    with transaction.atomic():
        WebSocketSession.objects.filter(connection_id="c2=").update(request_count=7)
        thread = started(lambda: closed.append(WebSocketSession.objects.filter(user=ann).close("x")), failed)
        until_waiting(1)
    thread.join()

    assert (closed, failed) == ([3], [])
    assert WebSocketSession.objects.get(connection_id="c2=").request_count == 7


def test_closing_while_the_connection_ends(three: list[str], ann: Any) -> None:
    """What has ended meanwhile is not closing."""
    failed: list[DatabaseError] = []
    closed: list[int] = []

    with transaction.atomic():
        WebSocketSession.objects.filter(connection_id="c2=").update(connected=False)
        thread = started(lambda: closed.append(WebSocketSession.objects.filter(user=ann).close("x")), failed)
        until_waiting(1)
    thread.join()

    assert (closed, failed) == ([2], [])
    assert WebSocketSession.objects.get(connection_id="c2=").closing_on is None
