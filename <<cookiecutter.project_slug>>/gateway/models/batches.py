"""Many rows, a batch at a time.

Each batch is a short transaction of its own, so no lock is held for long and two runs can go on at once. Rows that somebody else
has in hand are left to them: an event that waits for a batch while the batch waits for the event would be a deadlock.
"""

from collections.abc import Callable
from typing import Any

from django.db import connections, models, transaction

from gateway.messaging.fan_out import CHUNK


def in_batches(rows: models.QuerySet[Any], act: Callable[[models.QuerySet[Any]], int]) -> int:
    """Acts on a thousand rows at a time until none is left. Returns the sum of what `act` returned."""
    skip = connections[rows.db].features.has_select_for_update_skip_locked
    total = 0
    while True:
        with transaction.atomic(using=rows.db):
            locked = rows.order_by("pk").select_for_update(skip_locked=skip)
            keys = list(locked.values_list("pk", flat=True)[:CHUNK])
            acted = act(rows.model._default_manager.using(rows.db).filter(pk__in=keys)) if keys else 0
        total += acted
        if len(keys) < CHUNK:
            return total


def delete(rows: models.QuerySet[Any]) -> int:
    """Deletes a queryset in batches. Returns how many of its rows, without what went with them."""
    label = rows.model._meta.label
    return in_batches(rows, lambda batch: batch.delete()[1].get(label, 0))
