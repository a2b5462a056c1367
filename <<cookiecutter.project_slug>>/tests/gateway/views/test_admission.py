"""Who is let in, besides signed-in users with a token in the default channel."""

from typing import Any

import pytest

from gateway.models import ChannelPermission, WebSocketSession
from gateway.testing import ConnectionRefused, WebSocketClient
from gateway.wire import EventKind
from tests.gateway.views_for_tests import TestView

pytestmark = pytest.mark.django_db


class TestAnonymous:
    """Connections of people who are not signed in."""

    @pytest.fixture(autouse=True)
    def _open(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(TestView, "ALLOW_ANONYMOUS", True)

    def test_open_channel(self, db: None) -> None:
        """A channel for everyone lets them in, from a page of ours, and they can speak."""
        ChannelPermission.objects.create(channel_name="open", audience=ChannelPermission.Audience.EVERYONE)
        client = WebSocketClient()
        client.connect(channel="open")

        assert client.session.user is None
        assert client.send({"a": 1})["user"] == ""

    def test_default_channel(self, db: None) -> None:
        """The default channel is for signed-in users."""
        with pytest.raises(ConnectionRefused) as refused:
            WebSocketClient().connect()

        assert refused.value.code == "channel_forbidden"


@pytest.mark.parametrize(
    ("audience", "flags", "welcome"),
    [
        ("signed_in", {}, True),
        ("staff", {"is_staff": True}, True),
        ("superusers", {"is_staff": True}, False),
        ("superusers", {"is_superuser": True}, True),
        ("permissions", {}, False),
        ("permissions", {"is_superuser": True}, True),
    ],
)
def test_channel_audiences(ann: Any, audience: str, flags: dict[str, bool], welcome: bool) -> None:
    """Whom each audience lets in."""
    type(ann).objects.update(**flags)
    sets = [["gateway.view_apigateway"], ["gateway.add_apigateway", "gateway.change_apigateway"]]
    ChannelPermission.objects.create(channel_name="room", audience=audience, permission_sets=sets)
    client = WebSocketClient(ann)

    response = client.event(EventKind.CONNECT, token=client.token(), connection_id="x=", channel="room")

    assert (response.status_code == 200) is welcome


def test_unlisted_channels_can_be_opened(ann: Any, settings: Any) -> None:
    """By a setting, and to signed-in users."""
    settings.WEBSOCKETS = settings.WEBSOCKETS | {"ALLOW_UNLISTED_CHANNELS": True}

    assert WebSocketClient(ann).connect(channel="anything").status_code == 200


def test_the_rate_limit_can_be_turned_off(ann: Any, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Then nobody is counted."""
    settings.WEBSOCKETS = settings.WEBSOCKETS | {"TOKEN_LIMIT": 100}
    monkeypatch.setattr(TestView, "RATE_LIMIT_ENABLED", False)

    for _ in range(25):
        WebSocketClient(ann).connect()

    assert WebSocketSession.objects.count() == 25


def test_a_cookie_is_enough_where_tokens_are_off(ann: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session belongs to the cookie's login, and ends with it."""
    monkeypatch.setattr(TestView, "USE_WS_TOKEN", False)
    client = WebSocketClient(ann)
    cookie = f"sessionid={client.browser.session.session_key}"

    client.connect(token="", extra={"Cookie": cookie})

    assert client.session.user == ann
    client.browser.session.delete()
    assert client.send({"a": 1})["code"] == "login_ended"


def test_a_client_without_a_user_agent(ann: Any) -> None:
    """Absent at `$connect` and absent now is equal."""
    client = WebSocketClient(ann, user_agent=None)
    client.connect()

    assert client.send({"a": 1})["type"] == "echo"
