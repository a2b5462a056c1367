"""Losing what a connection was admitted with ends it."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission

from gateway.models import ChannelPermission
from gateway.testing import WebSocketClient
from tests.gateway.logins import committed, is_closed
from tests.gateway.views_for_tests import TestView

pytestmark = pytest.mark.django_db


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
