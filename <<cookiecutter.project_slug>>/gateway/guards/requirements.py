"""What a connection was admitted with, in a form that can be checked again later.

A requirement is a list of clauses, all of which must hold. A clause is a list of sets, one of which must be held whole. A name
with a dot is a Django permission; one without is a flag of the user (`is_staff`). The session's row keeps it, so that losing what
one was admitted with can end the connection.
"""

from collections.abc import Iterable

from django.contrib.auth.models import AbstractBaseUser

from gateway.models import ChannelPermission

Requirement = list[list[list[str]]]


def names(value: str | Iterable[str]) -> list[str]:
    """One name or several, as a list."""
    return [value] if isinstance(value, str) else list(value)


def of_view(any_of: str | Iterable[str], all_of: str | Iterable[str]) -> Requirement:
    """`permissions_required` and `all_permissions_required` as clauses."""
    clauses: Requirement = []
    if needed := names(all_of):
        clauses.append([needed])
    if alternatives := names(any_of):
        clauses.append([[name] for name in alternatives])
    return clauses


def of_channel(permission: ChannelPermission | None) -> Requirement:
    """The clause of a channel's audience. Being signed in is no clause: the login's end is watched anyway."""
    audience = ChannelPermission.Audience
    if permission is None or permission.audience in (audience.EVERYONE, audience.SIGNED_IN):
        return []
    if permission.audience == audience.STAFF:
        return [[["is_staff"]]]
    if permission.audience == audience.SUPERUSERS:
        return [[["is_superuser"]]]
    return [[names(one) for one in permission.permission_sets]]


def holds(user: AbstractBaseUser | None, requirement: Requirement) -> bool:
    """Whether the user has what is required. Nobody has nothing, and nothing is required of nobody."""
    return all(any(_has_all(user, one) for one in clause) for clause in requirement)


def _has_all(user: AbstractBaseUser | None, needed: list[str]) -> bool:
    return bool(needed) and user is not None and all(_has(user, name) for name in needed)


def _has(user: AbstractBaseUser, name: str) -> bool:
    if "." not in name:
        return bool(user.is_active and getattr(user, name, False))
    return bool(user.has_perm(name))  # type: ignore[attr-defined]
