"""Who did what in the admin: entries that an object's History shows, and the admin's front page."""

from typing import Any, Final

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.http import HttpRequest

MOST: Final = 1_000
"""Rows that an action leaves an entry for, each. One on more rows leaves a single entry, which tells how many they were."""


def leave_trail(request: HttpRequest, queryset: QuerySet[Any], message: str) -> None:
    """Notes that this person does `message` to these rows. To be called first: nothing is done without a trace."""
    rows = list(queryset[: MOST + 1])
    actor: Any = request.user.pk
    if len(rows) <= MOST:
        LogEntry.objects.log_actions(actor, rows, CHANGE, message)
        return
    LogEntry.objects.create(
        user_id=actor,
        content_type=ContentType.objects.get_for_model(queryset.model),
        object_repr=f"{queryset.count()} {queryset.model._meta.verbose_name_plural}",
        action_flag=CHANGE,
        change_message=message,
    )
