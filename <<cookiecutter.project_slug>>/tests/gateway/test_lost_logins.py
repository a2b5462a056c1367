"""What no signal shows is noticed: by the next message, by a connect that is under way, by the reaper."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone

from gateway.models import WebSocketSession
from gateway.testing import WebSocketClient
from tests.gateway.logins import is_closed
from tests.gateway.views_for_tests import TestView

pytestmark = pytest.mark.django_db


def test_login_ended_behind_our_back_closes_the_socket(client: WebSocketClient) -> None:
    """The message that notices it also closes the socket."""
    Session.objects.all()._raw_delete("default")

    assert client.send({"a": 1})["code"] == "login_ended"
    assert is_closed(client)


def test_logout_while_the_connection_is_made(ann: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A logout that could not see the new row is seen by the connect, which is then refused."""
    monkeypatch.setattr(TestView, "on_connect", lambda *_: Session.objects.all()._raw_delete("default"))
    client = WebSocketClient(ann)

    response = client.event("CONNECT", token=client.token(), connection_id="race=")

    assert response.json()["error"] == "login_ended"
    assert not WebSocketSession.objects.get().connected


@pytest.mark.parametrize("engine", ["cache", "signed_cookies"])
def test_sessions_whose_end_cannot_be_seen(ann: Any, settings: Any, engine: str) -> None:
    """Where sessions have no row, connections work, and only the user's own changes end them."""
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    client = WebSocketClient(ann)
    client.connect()

    assert client.send({"a": 1})["type"] == "echo"
    type(ann).objects.update(is_active=False)
    assert client.send({"a": 1})["code"] == "login_ended"


class TestReaper:
    """`manage.py clear_websocket_sessions` ends what nobody has noticed."""

    def reap(self, *options: str) -> str:
        output = io.StringIO()
        call_command("clear_websocket_sessions", *options, stdout=output)
        return output.getvalue()

    def test_a_login_that_holds(self, client: WebSocketClient) -> None:
        """It is left alone."""
        self.reap()

        assert client.session.closing_on is None

    def test_a_deleted_session(self, client: WebSocketClient) -> None:
        """Raw SQL took the login away."""
        Session.objects.all()._raw_delete("default")

        assert "1 closed for a lost login" in self.reap()
        assert is_closed(client)

    def test_an_expired_session(self, client: WebSocketClient) -> None:
        """Time took it."""
        Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
        self.reap()

        assert is_closed(client)

    def test_a_deactivated_user(self, client: WebSocketClient, ann: Any) -> None:
        """`QuerySet.update` tells nobody."""
        type(ann).objects.update(is_active=False)
        self.reap()

        assert is_closed(client)

    def test_a_new_password(self, client: WebSocketClient, ann: Any) -> None:
        """Nor does it of a password."""
        type(ann).objects.update(password="another")
        self.reap()

        assert is_closed(client)

    def test_a_lost_permission(self, ann: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nor of a flag that gave permissions."""
        monkeypatch.setattr(TestView, "permissions_required", "gateway.view_apigateway")
        type(ann).objects.update(is_superuser=True)
        client = WebSocketClient(ann)
        client.connect()
        type(ann).objects.update(is_superuser=False)
        self.reap()

        assert is_closed(client, "permission_denied")

    def test_a_dry_run(self, client: WebSocketClient) -> None:
        """It only says what it would do."""
        Session.objects.all()._raw_delete("default")

        assert "1 whose login has ended" in self.reap("--dry-run")
        assert client.session.closing_on is None
