"""Whatever ends a login ends its tokens and sockets, after the commit; what ends another login does not."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import transaction
from django.test import TestCase
from django.utils import timezone

from gateway.models import WebSocketSession, WebSocketToken
from gateway.testing import WebSocketClient, outbox
from tests.gateway.logins import committed, is_closed

pytestmark = pytest.mark.django_db


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


def test_a_password_change_ends_unused_tokens(client: WebSocketClient, ann: Any) -> None:
    """A token fetched under the old password opens nothing, even where the login's row is still there."""
    token = client.token()
    ann.set_password("another one")
    committed(ann.save)

    assert Session.objects.exists()
    response = client.event("CONNECT", token=token, connection_id="late=")
    assert response.json()["error"] == "token_invalid"


def test_saving_a_user_ends_no_tokens(client: WebSocketClient, ann: Any) -> None:
    """An ordinary change of a user leaves a token good."""
    token = client.token()
    committed(ann.save)

    assert client.event("CONNECT", token=token, connection_id="late=").status_code == 200


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
