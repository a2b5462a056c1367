"""What ends a login ends its tokens and its sockets.

    The Django session goes    logout, login over it, password change, the admin, `clearsessions`: whichever way, its row is deleted
    The user changes           deactivated, a new password, staff or superuser no longer, deleted
    A permission goes          from the user, a group, or the table; only connections admitted with it are concerned

Everything happens after the commit, so that a rolled-back logout closes nothing, and many sessions end in few statements. Raw SQL,
`QuerySet.update` and expiry send no signal: the next message notices them, and so does the reaper.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any, Final
from weakref import WeakValueDictionary

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser, Group, Permission
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import transaction
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete

from gateway.events import hash_of
from gateway.exceptions import LoginEnded, PermissionMissing
from gateway.guards.logins import lost
from gateway.guards.requirements import holds
from gateway.models import WebSocketSession, WebSocketToken
from gateway.models.logins import session_model

_CHUNK: Final = 500
_TELLING_FIELDS: Final = frozenset({"password", "is_active", "is_staff", "is_superuser"})


class _EndedLogins:
    """The logins that end in one transaction, so that a thousand deleted sessions cost what one costs."""

    def __init__(self) -> None:
        self.hashes: set[str] = set()

    def __call__(self) -> None:
        hashes, self.hashes = sorted(self.hashes), set()
        for start in range(0, len(hashes), _CHUNK):
            end_logins(hashes[start : start + _CHUNK])


_pending: WeakValueDictionary[tuple[Any, ...], _EndedLogins] = WeakValueDictionary()
"""By connection and savepoint. What is rolled back is dropped by Django, and then from here."""


def end_logins(session_key_hashes: Iterable[str]) -> int:
    """Ends the tokens and sockets of these Django sessions. Returns how many sockets."""
    hashes = list(session_key_hashes)
    WebSocketToken.objects.filter(session_key_hash__in=hashes, used_on__isnull=True).delete()
    return WebSocketSession.objects.filter(session_key_hash__in=hashes).close(LoginEnded.code)


def end_user(user_id: Any) -> int:
    """Ends every token and socket of a user. Returns how many sockets."""
    WebSocketToken.objects.filter(user_id=user_id, used_on__isnull=True).delete()
    return WebSocketSession.objects.filter(user_id=user_id).close(LoginEnded.code)


def end_stale_passwords(user: AbstractBaseUser) -> int:
    """Ends the sockets that were opened under another password. Returns how many."""
    current = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return WebSocketSession.objects.filter(user_id=user.pk).exclude(auth_hash__in=current).close(LoginEnded.code)


def end_unpermitted(user_ids: Iterable[Any] | None = None) -> int:
    """Ends the sockets whose users no longer have what they were admitted with. None: looks at all users."""
    concerned = WebSocketSession.objects.filter(connected=True, closing_on__isnull=True).exclude(permissions=[])
    if user_ids is not None:
        concerned = concerned.filter(user_id__in=list(user_ids))
    users: dict[Any, Any] = {}  # one object a user: it remembers the permissions that it has looked up
    unpermitted = [
        session.pk
        for session in concerned.select_related("user").iterator()
        if not holds(users.setdefault(session.user_id, session.user), session.permissions)
    ]
    return WebSocketSession.objects.filter(pk__in=unpermitted).close(PermissionMissing.code) if unpermitted else 0


def end_lost_logins(now: datetime, *, dry_run: bool = False) -> int:
    """Ends the sockets whose logins ended without a signal, for the reaper. Returns how many."""
    total = 0
    for code, keys in lost(now):
        total += len(keys) if dry_run else WebSocketSession.objects.filter(pk__in=keys).close(code)
    return total


def _login_ended(instance: AbstractBaseSession, **_: Any) -> None:
    connection = transaction.get_connection()
    place = (id(connection), *connection.savepoint_ids)
    batch = _pending.get(place)
    if batch is not None and batch.hashes:
        batch.hashes.add(hash_of(instance.session_key))
        return
    batch = _pending[place] = _EndedLogins()
    batch.hashes.add(hash_of(instance.session_key))
    transaction.on_commit(batch, robust=True)


def _user_saved(instance: AbstractBaseUser, *, created: bool, update_fields: Iterable[str] | None, **_: Any) -> None:
    if created or (update_fields is not None and _TELLING_FIELDS.isdisjoint(update_fields)):
        return
    if not instance.is_active:
        transaction.on_commit(partial(end_user, instance.pk), robust=True)
        return
    transaction.on_commit(partial(end_stale_passwords, instance), robust=True)
    transaction.on_commit(partial(end_unpermitted, [instance.pk]), robust=True)


def _user_deleted(instance: AbstractBaseUser, **_: Any) -> None:
    # Marked now, while the rows still name the user; the sockets are closed after the commit all the same.
    end_user(instance.pk)


def _memberships_changed(instance: Any, action: str, **_: Any) -> None:
    if action in ("post_remove", "post_clear"):
        users = [instance.pk] if isinstance(instance, get_user_model()) else None
        transaction.on_commit(partial(end_unpermitted, users), robust=True)


def _source_of_permissions_deleted(**_: Any) -> None:
    transaction.on_commit(end_unpermitted, robust=True)


def connect() -> None:
    """Listens. Called once, when the apps are loaded."""
    sessions, user = session_model(), get_user_model()
    if sessions is not None:
        post_delete.connect(_login_ended, sender=sessions, dispatch_uid="gateway: login ended")
    post_save.connect(_user_saved, sender=user, dispatch_uid="gateway: user saved")
    pre_delete.connect(_user_deleted, sender=user, dispatch_uid="gateway: user deleted")
    for source in (Group, Permission):
        post_delete.connect(_source_of_permissions_deleted, sender=source, dispatch_uid=f"gateway: {source.__name__}")
    for through in _through_models(user):
        m2m_changed.connect(_memberships_changed, sender=through, dispatch_uid=f"gateway: {through.__name__}")


def _through_models(user: Any) -> list[Any]:
    """The tables between users, groups and permissions. A user model of one's own may lack some."""
    fields = [getattr(user, name, None) for name in ("groups", "user_permissions")] + [Group.permissions]
    return [field.through for field in fields if field is not None]
