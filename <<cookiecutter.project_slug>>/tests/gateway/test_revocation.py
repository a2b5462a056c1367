"""Whatever ends a login ends its tokens and sockets, after the commit; what ends another login does not."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import transaction
from django.test import TestCase
from django.utils import timezone

from gateway.models import ChannelPermission, WebSocketSession, WebSocketToken
from gateway.testing import WebSocketClient, outbox
from tests.gateway.views_for_tests import TestView

pytestmark = pytest.mark.django_db


def committed(action: Any) -> None:
    """Does it, and what waits for its commit."""
    with TestCase.captureOnCommitCallbacks(execute=True), transaction.atomic():
        action()


def is_closed(client: WebSocketClient, code: str = "login_ended") -> bool:
    """Whether the client was told why, and its socket closed."""
    told = {"type": "closing", "code": code, "reconnect": False} in outbox.to(client.connection_id)
    return told and client.connection_id in outbox.closed and client.session.closing_code == code


@pytest.fixture
def other(ann: Any) -> WebSocketClient:
    """Another login of the same person, connected too."""
    other = WebSocketClient(ann)
    other.connect()
    return other


def test_logout(client: WebSocketClient, other: WebSocketClient) -> None:
    """Signing out closes the sockets of that login, not those of another."""
    committed(lambda: client.browser.post("/accounts/logout/"))

    assert is_closed(client)
    assert other.session.closing_on is None


def test_logout_ends_unused_tokens(client: WebSocketClient) -> None:
    """A token fetched before the logout opens nothing after it."""
    token = client.token()
    committed(lambda: client.browser.post("/accounts/logout/"))

    assert not WebSocketToken.objects.filter(used_on=None).exists()
    response = client.event("CONNECT", token=token, connection_id="late=")
    assert response.json()["error"] == "token_invalid"


def test_a_rolled_back_logout_closes_nothing(client: WebSocketClient) -> None:
    """What did not happen has no consequences."""
    with TestCase.captureOnCommitCallbacks(execute=True), transaction.atomic():
        Session.objects.all().delete()
        transaction.set_rollback(True)

    assert client.session.closing_on is None
    assert not outbox.closed


def test_a_rolled_back_savepoint_hides_no_other_logout(client: WebSocketClient, other: WebSocketClient) -> None:
    """Of two logouts in one transaction only the one that stands counts."""

    def act() -> None:
        with transaction.atomic():
            other.browser.session.delete()
            transaction.set_rollback(True)
        with transaction.atomic():
            client.browser.session.delete()

    committed(act)

    assert is_closed(client)
    assert other.session.closing_on is None


def test_login_as_somebody_else(client: WebSocketClient) -> None:
    """Signing in over a login ends it: Django flushes the session."""
    bob = get_user_model().objects.create_user("bob", password="x")

    committed(lambda: client.browser.force_login(bob))

    assert is_closed(client)


def test_deleting_session_rows(client: WebSocketClient, other: WebSocketClient) -> None:
    """However many logins end at once, every socket is closed."""
    committed(lambda: Session.objects.all().delete())

    assert is_closed(client)
    assert is_closed(other)


def test_many_sessions_end_in_few_statements(client: WebSocketClient, django_assert_max_num_queries: Any) -> None:
    """Clearing a thousand expired sessions does not cost a thousand updates."""
    Session.objects.bulk_create(
        Session(session_key=f"expired{number}", session_data="", expire_date=timezone.now()) for number in range(300)
    )

    with django_assert_max_num_queries(15):
        committed(lambda: call_command("clearsessions"))

    assert client.session.closing_on is None


def test_deactivation(client: WebSocketClient, ann: Any) -> None:
    """A deactivated user has no sockets."""
    ann.is_active = False

    committed(ann.save)

    assert is_closed(client)


def test_password_change(client: WebSocketClient, ann: Any) -> None:
    """A new password ends what was opened under the old one."""
    ann.set_password("another one")

    committed(ann.save)

    assert is_closed(client)


def test_saving_a_user_ends_nothing(client: WebSocketClient, ann: Any) -> None:
    """An ordinary change of a user leaves the sockets alone."""
    ann.first_name = "Ann"

    committed(ann.save)

    assert client.session.closing_on is None


def test_deletion_of_the_user(client: WebSocketClient, ann: Any) -> None:
    """The socket of a deleted user is closed, though the row loses its user."""
    committed(ann.delete)

    assert is_closed(client)
    assert client.session.user is None


def test_the_row_of_a_deleted_user_is_not_anonymous(client: WebSocketClient, ann: Any) -> None:
    """A session that lost its user is refused, not taken for one without a login."""
    committed(ann.delete)
    WebSocketSession.objects.update(closing_on=None)

    assert client.send({"a": 1})["code"] == "login_ended"


class TestPermissions:
    """Losing what the connection was admitted with."""

    @pytest.fixture(autouse=True)
    def _needs_permission(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(TestView, "permissions_required", ["gateway.view_apigateway", "gateway.add_apigateway"])

    @pytest.fixture
    def view_permission(self, db: None) -> Permission:
        return Permission.objects.get(codename="view_apigateway")

    def test_own_permission_removed(self, ann: Any, view_permission: Permission) -> None:
        """Taken from the user."""
        ann.user_permissions.add(view_permission)
        client = WebSocketClient(ann)
        client.connect()

        committed(lambda: ann.user_permissions.remove(view_permission))

        assert is_closed(client, "permission_denied")

    def test_one_of_two_alternatives_removed(self, ann: Any, view_permission: Permission) -> None:
        """Where any one is enough, losing one of two ends nothing."""
        ann.user_permissions.add(view_permission, Permission.objects.get(codename="add_apigateway"))
        client = WebSocketClient(ann)
        client.connect()

        committed(lambda: ann.user_permissions.remove(view_permission))

        assert client.session.closing_on is None

    def test_group_left(self, ann: Any, view_permission: Permission) -> None:
        """Taken with the group."""
        group = Group.objects.create(name="viewers")
        group.permissions.add(view_permission)
        ann.groups.add(group)
        client = WebSocketClient(ann)
        client.connect()

        committed(group.user_set.clear)

        assert is_closed(client, "permission_denied")

    def test_group_loses_permission(self, ann: Any, view_permission: Permission) -> None:
        """Taken from the group."""
        group = Group.objects.create(name="viewers")
        group.permissions.add(view_permission)
        ann.groups.add(group)
        client = WebSocketClient(ann)
        client.connect()

        committed(lambda: group.permissions.set([]))

        assert is_closed(client, "permission_denied")

    def test_group_deleted(self, ann: Any, view_permission: Permission) -> None:
        """Gone with the group."""
        group = Group.objects.create(name="viewers")
        group.permissions.add(view_permission)
        ann.groups.add(group)
        client = WebSocketClient(ann)
        client.connect()

        committed(group.delete)

        assert is_closed(client, "permission_denied")

    def test_superuser_no_longer(self, ann: Any) -> None:
        """Who had every permission has none."""
        ann.is_superuser = True
        ann.save()
        client = WebSocketClient(ann)
        client.connect()
        ann.is_superuser = False

        committed(ann.save)

        assert is_closed(client, "permission_denied")

    def test_lost_behind_our_back(self, ann: Any, view_permission: Permission) -> None:
        """What sends no signal is noticed by the next message."""
        ann.user_permissions.add(view_permission)
        client = WebSocketClient(ann)
        client.connect()
        through = type(ann).user_permissions.through
        through.objects.all()._raw_delete("default")

        assert client.send({"a": 1})["code"] == "permission_denied"
        assert is_closed(client, "permission_denied")


def test_staff_no_longer(ann: Any) -> None:
    """A channel's audience counts as what one was admitted with."""
    ChannelPermission.objects.create(channel_name="staff-room", audience=ChannelPermission.Audience.STAFF)
    ann.is_staff = True
    ann.save()
    client = WebSocketClient(ann)
    client.connect(channel="staff-room")
    ann.is_staff = False

    committed(ann.save)

    assert is_closed(client, "permission_denied")


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
