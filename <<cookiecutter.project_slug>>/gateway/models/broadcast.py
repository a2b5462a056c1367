"""A message to more sessions than one process should send to: cut into shards, which workers carry out and account for."""

import logging
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from time import sleep
from typing import Any, Final

from django.db import models
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string

from gateway.conf import conf
from gateway.messaging.delivery import Delivery
from gateway.messaging.fan_out import CHUNK, chunks, fan_out
from gateway.models.send_budget import SendBudget
from gateway.models.session import WebSocketSession, WebSocketSessionQuerySet
from gateway.transports import Outcome, Recipient

logger = logging.getLogger(__name__)

IDLE: Final = timedelta(minutes=15)

Dispatcher = Callable[[int], object]
"""Hands the shard with this primary key to a worker, which calls `BroadcastShard.run` on it."""


class Broadcast(models.Model):
    """One message on its way through workers. Ask it for its `delivery`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    message = models.TextField()
    created_on = models.DateTimeField(default=timezone.now, db_index=True)
    complete = models.BooleanField(default=False)
    """Whether every recipient is in a shard."""

    class Meta:
        ordering = ["-created_on"]

    def __str__(self) -> str:
        return str(self.pk)

    def delivery(self) -> Delivery:
        """The account of all shards together, as far as they have come; `pending` until the last has finished."""
        whole = Delivery(pending=not self.complete, broadcast_id=str(self.pk))
        for shard in self.shards.defer("session_ids").iterator():
            whole.pending = whole.pending or shard.finished_on is None
            whole.merge(shard.delivery())
        return whole

    def hand_out(self, receivers: WebSocketSessionQuerySet, dispatch: Dispatcher) -> None:
        """Writes every recipient into a shard, then hands the shards to workers.

        Raises nothing when the broker is down: `resume` hands over again what nobody has taken.
        """
        parts = chunks(receivers.primary_keys(), conf().SHARD_SIZE)
        shards = [self.shards.create(session_ids=session_ids).pk for session_ids in parts]
        self.complete = True
        self.save(update_fields=["complete"])
        _hand_over(shards, dispatch)


class BroadcastShard(models.Model):
    """Some thousand recipients of a broadcast. `done` says how many of them are final, in the order of `session_ids`."""

    broadcast = models.ForeignKey(Broadcast, models.CASCADE, related_name="shards")
    session_ids = models.JSONField()
    done = models.PositiveIntegerField(default=0)
    sent = models.PositiveIntegerField(default=0)
    not_sent = models.JSONField(default=dict)
    problems = models.JSONField(default=list)
    updated_on = models.DateTimeField(default=timezone.now)
    finished_on = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["updated_on"], condition=models.Q(finished_on=None), name="unfinished_shards"),
        ]

    def __str__(self) -> str:
        return f"shard {self.pk}"

    def delivery(self) -> Delivery:
        """What this shard has accounted for so far."""
        return Delivery.of(self.sent, self.not_sent, self.problems)

    def run(self, wait: Callable[[float], object] = sleep) -> None:
        """Sends to what is left of the shard, chunk by chunk, and writes the account down after each.

        Started again after a crash it repeats at most the chunk that was under way: at least once, and the message's `message_id`
        tells a client what it has already seen. Two workers on the same shard: the one that falls behind gives up.
        """
        settings = conf()
        while self.finished_on is None:
            ids = self.session_ids[self.done : self.done + CHUNK]
            wait(SendBudget.reserve(settings.REGION, len(ids), settings.SEND_RATE, timezone.now()))
            if not self._account_for(ids, _send(ids, self.broadcast.message.encode())):
                return

    def _account_for(self, ids: list[int], delivery: Delivery) -> bool:
        account = self.delivery()
        account.merge(delivery)
        now = timezone.now()
        done = self.done + len(ids)
        changes: dict[str, Any] = {
            "done": done,
            "sent": account.sent,
            "not_sent": account.not_sent,
            "problems": account.problems,
            "updated_on": now,
            "finished_on": now if done >= len(self.session_ids) else None,
        }
        for name, value in changes.items():
            setattr(self, name, value)
        ours = type(self).objects.filter(pk=self.pk, done=done - len(ids), finished_on=None)
        return ours.update(**changes) == 1


def _send(ids: list[int], body: bytes) -> Delivery:
    sessions = WebSocketSession.objects.filter(pk__in=ids)
    tried: set[str] = set()

    def recipients() -> Iterator[Recipient]:
        for recipient in sessions.deliverable().recipients():
            tried.add(recipient.connection_id)
            yield recipient

    delivery = fan_out("POST", body, recipients(), on_gone=WebSocketSession.objects.retire)
    connection_ids = dict(sessions.values_list("pk", "connection_id"))
    for pk in ids:
        # A row deleted meanwhile has taken its connection id with it.
        connection_id = connection_ids.get(pk, f"session {pk}")
        if connection_id not in tried:
            delivery.record(connection_id, Outcome.GONE)
    return delivery


def dispatcher() -> Dispatcher | None:
    """How shards reach workers, or None: everything is sent where it is asked for."""
    path = conf().SHARD_DISPATCHER
    found: Dispatcher | None = import_string(path) if path else None
    return found


def unfinished(idle: timedelta = IDLE) -> QuerySet[BroadcastShard]:
    """Shards that nobody has worked on for so long: their worker has died, or the broker was down."""
    return BroadcastShard.objects.filter(finished_on=None, updated_on__lt=timezone.now() - idle).order_by("pk")


def resume(dispatch: Dispatcher, idle: timedelta = IDLE) -> int:
    """Hands unfinished shards over again; returns how many."""
    shards = list(unfinished(idle).values_list("pk", flat=True)[:1_000])
    BroadcastShard.objects.filter(pk__in=shards).update(updated_on=timezone.now())
    return _hand_over(shards, dispatch)


def _hand_over(shards: list[int], dispatch: Dispatcher) -> int:
    for place, shard in enumerate(shards):
        try:
            dispatch(shard)
        except Exception:  # each broker's library raises its own errors
            logger.exception("The broker takes no tasks; %d shards are handed over later.", len(shards) - place)
            return place
    return len(shards)
