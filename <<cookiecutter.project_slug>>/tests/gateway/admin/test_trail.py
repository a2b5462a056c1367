"""Who did what: an object's History tells."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.test import Client

from gateway.admin import trail
from gateway.models import WebSocketSession
from gateway.testing import WebSocketClient

pytestmark = pytest.mark.django_db

LIST = "/admin/gateway/websocketsession/"


@pytest.fixture
def staff(db: None) -> Client:
    browser = Client()
    browser.force_login(get_user_model().objects.create_superuser("root", password="x"))
    return browser


@pytest.fixture
def connected(db: None) -> list[WebSocketClient]:
    """Three people's connections."""
    users = [get_user_model().objects.create_user(f"user{number}", password="x") for number in range(3)]
    clients = [WebSocketClient(user, source_ip=f"198.51.100.{number}") for number, user in enumerate(users)]
    for client in clients:
        client.connect()
    return clients


def act(staff: Client, action: str, clients: list[WebSocketClient], **fields: str) -> Any:
    rows = [client.session.pk for client in clients]
    return staff.post(LIST, {"action": action, "_selected_action": rows} | fields)


def history(staff: Client, client: WebSocketClient) -> str:
    return staff.get(f"{LIST}{client.session.pk}/history/").content.decode()


def test_who_disconnected_whom(staff: Client, connected: list[WebSocketClient]) -> None:
    """The connection's History names the action and the person; another connection's does not."""
    act(staff, "disconnect", connected[:2])

    assert "Disconnect." in history(staff, connected[1])
    assert "root" in history(staff, connected[1])
    assert "Disconnect." not in history(staff, connected[2])


def test_who_sent_what(staff: Client, connected: list[WebSocketClient]) -> None:
    """The message is quoted, as text."""
    act(staff, "send", connected[:1], message="Back in <b>five</b> minutes")

    assert "Send the message: Back in &lt;b&gt;five&lt;/b&gt; minutes" in history(staff, connected[0])


def test_a_long_message_is_cut(staff: Client, connected: list[WebSocketClient]) -> None:
    """A thousand entries of ten thousand letters each would be too much."""
    act(staff, "send", connected[:1], message="x" * 9_000)

    assert len(LogEntry.objects.get().change_message) < 300


def test_nothing_is_told_of_connections_that_had_ended(staff: Client, connected: list[WebSocketClient]) -> None:
    """They were chosen, and nothing was done to them."""
    WebSocketSession.objects.update(connected=False)

    act(staff, "disconnect", connected)
    act(staff, "send", connected, message="Hello?")

    assert not LogEntry.objects.exists()


def test_a_trail_costs_the_same_for_two_as_for_one(
    staff: Client, connected: list[WebSocketClient], django_assert_num_queries: Any, rf: Any
) -> None:
    """One statement that reads, and one that writes."""
    request = rf.get("/")
    request.user = get_user_model().objects.get(username="root")
    act(staff, "disconnect", connected[:1])  # by now the content types are known

    with django_assert_num_queries(2):
        trail.leave_trail(request, WebSocketSession.objects.all(), "Look at.")


def test_very_many_rows_leave_one_entry(
    staff: Client, connected: list[WebSocketClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tells how many they were, and the front page of the admin shows it."""
    monkeypatch.setattr(trail, "MOST", 2)

    act(staff, "disconnect", connected)

    entry = LogEntry.objects.get()
    assert (entry.object_repr, entry.object_id) == ("3 WebSocket sessions", None)
    assert b"3 WebSocket sessions" in staff.get("/admin/").content
