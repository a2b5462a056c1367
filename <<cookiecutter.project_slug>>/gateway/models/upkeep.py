"""Tidying up, in bounded batches.

Each batch is a short transaction of its own, so no lock is held for long and two runs can go on at once.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.db import connections, models, transaction

from gateway.conf import conf
from gateway.limits import IDLE_TIMEOUT_SECONDS, MAX_CONNECTION_SECONDS
from gateway.messaging.fan_out import CHUNK, chunks, fan_out
from gateway.messaging.verdict import YOUNG_SECONDS
from gateway.models.broadcast import Broadcast
from gateway.models.rate_limit import ConnectionRateLimit, RateLimitSubject
from gateway.models.session import WebSocketSession, WebSocketSessionQuerySet
from gateway.models.token import WebSocketToken
from gateway.transports import Outcome

CLOSING_GRACE: Final = timedelta(seconds=90)
"""How long the process that closes a connection is left to it."""
DOUBTFUL_AFTER: Final = timedelta(seconds=IDLE_TIMEOUT_SECONDS + YOUNG_SECONDS)
"""API Gateway ends a connection that has been silent for ten minutes."""
TOKENS_KEPT: Final = timedelta(hours=1)

Report = dict[str, int]
"""What was done, in words for people, and how often."""


def clear_sessions(now: datetime, *, dry_run: bool = False) -> Report:
    """Retires the sessions whose connections must be, or are found to be, gone, and deletes what is past its retention.

    With the doubtful API Gateway is asked (one GET each, at the pace of sending); what is marked as closing is closed.
    """
    sessions = WebSocketSession.objects.all()
    expired = sessions.filter(connected=True, created_on__lte=now - timedelta(seconds=MAX_CONNECTION_SECONDS))
    closing = sessions.filter(connected=True, closing_on__lte=now - CLOSING_GRACE)
    doubtful = sessions.deliverable(now).filter(updated_on__lte=now - DOUBTFUL_AFTER)
    dead = sessions.filter(connected=False, disconnected_on__lte=now - timedelta(days=conf().SESSION_RETENTION_DAYS))
    told = Broadcast.objects.filter(created_on__lte=now - timedelta(days=conf().BROADCAST_RETENTION_DAYS))
    if dry_run:
        return {
            "older than any connection": expired.count(),
            "marked as closing": closing.count(),
            "doubtful": doubtful.count(),
            "past their retention": dead.count(),
            "accounts of broadcasts past theirs": told.count(),
        }
    return {
        "retired for their age": _in_batches(expired, partial(_retire, now=now)),
        "closed": _close(closing, now),
        "found gone": _probe(doubtful, now),
        "deleted": _in_batches(dead, _delete),
        "accounts of broadcasts deleted": _in_batches(told, _delete),
    }


def clean_up_tokens(now: datetime, *, dry_run: bool = False) -> Report:
    """Deletes the tokens that nobody can redeem any more."""
    old = WebSocketToken.objects.filter(created_on__lt=now - max(TOKENS_KEPT, timedelta(seconds=conf().TOKEN_LIFETIME)))
    return {"expired": old.count()} if dry_run else {"deleted": _in_batches(old, _delete)}


def clean_up_rate_limits(now: datetime, *, dry_run: bool = False) -> Report:
    """Deletes all but the latest connection attempts, and the subjects of rate limits that have run out."""
    attempts = ConnectionRateLimit.objects.all()
    newest = attempts.order_by("-pk").values_list("pk", flat=True).first() or 0
    old = attempts.filter(pk__lte=newest - conf().REFUSAL_RETENTION)
    expired = RateLimitSubject.objects.filter(expires_on__lte=now)
    if dry_run:
        return {"attempts beyond the latest": old.count(), "expired subjects": expired.count()}
    return {"attempts deleted": _in_batches(old, _delete), "expired subjects deleted": _in_batches(expired, _delete)}


def _in_batches(rows: models.QuerySet[Any], act: Callable[[models.QuerySet[Any]], int]) -> int:
    """Acts on a thousand rows at a time until none is left. Rows that another run has in hand are left to it."""
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


def _retire(sessions: models.QuerySet[Any], now: datetime) -> int:
    return sessions.update(connected=False, disconnected_on=now, updated_on=now)


def _delete(rows: models.QuerySet[Any]) -> int:
    return rows.delete()[1].get(rows.model._meta.label, 0)


def _close(sessions: WebSocketSessionQuerySet, now: datetime) -> int:
    total = 0
    for recipients in chunks(sessions.recipients(), CHUNK):
        not_sent = fan_out("DELETE", b"", recipients).not_sent
        open_still = {*not_sent.get(Outcome.THROTTLED, ()), *not_sent.get(Outcome.FAILED, ())}
        ended = [one.connection_id for one in recipients if one.connection_id not in open_still]
        total += WebSocketSession.objects.retire(ended, now)
    return total


def _probe(sessions: WebSocketSessionQuerySet, now: datetime) -> int:
    retire = partial(WebSocketSession.objects.retire, now=now)
    return fan_out("GET", b"", sessions.recipients(), on_gone=retire).gone
