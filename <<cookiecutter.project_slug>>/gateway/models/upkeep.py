"""Tidying up, in bounded batches."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.db import models

from gateway.conf import conf
from gateway.limits import IDLE_TIMEOUT_SECONDS, MAX_CONNECTION_SECONDS
from gateway.messaging.fan_out import CHUNK, chunks, fan_out
from gateway.messaging.verdict import YOUNG_SECONDS
from gateway.models.batches import delete, in_batches
from gateway.models.broadcast import Broadcast
from gateway.models.journal import past_redeeming
from gateway.models.limiter import forget_expired
from gateway.models.rate_limit import ConnectionRateLimit, RateLimitSubject
from gateway.models.session import WebSocketSession, WebSocketSessionQuerySet
from gateway.transports import Outcome

CLOSING_GRACE: Final = timedelta(seconds=90)
"""How long the process that closes a connection is left to it."""
DOUBTFUL_AFTER: Final = timedelta(seconds=IDLE_TIMEOUT_SECONDS + YOUNG_SECONDS)
"""API Gateway ends a connection that has been silent for ten minutes."""

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
            "silent for so long that API Gateway is asked": doubtful.count(),
            "past their retention": dead.count(),
            "accounts of broadcasts past theirs": told.count(),
        }
    return {
        "retired for their age": in_batches(expired, partial(_retire, now=now)),
        "closed": _close(closing, now),
        "found gone": _probe(doubtful, now),
        "deleted": delete(dead),
        "accounts of broadcasts deleted": delete(told),
    }


def clean_up_tokens(now: datetime, *, dry_run: bool = False) -> Report:
    """Deletes the tokens that nobody can redeem any more."""
    old = past_redeeming(now)
    return {"expired": old.count()} if dry_run else {"deleted": delete(old)}


def clean_up_rate_limits(now: datetime, *, dry_run: bool = False) -> Report:
    """Deletes all but the latest connection attempts, and the subjects of rate limits that have run out."""
    attempts = ConnectionRateLimit.objects.all()
    newest = attempts.order_by("-pk").values_list("pk", flat=True).first() or 0
    old = attempts.filter(pk__lte=newest - conf().REFUSAL_RETENTION)
    if dry_run:
        expired = RateLimitSubject.objects.filter(expires_on__lt=now)
        return {"attempts beyond the latest": old.count(), "expired subjects": expired.count()}
    return {"attempts deleted": delete(old), "expired subjects deleted": forget_expired(now)}


def _retire(sessions: models.QuerySet[Any], now: datetime) -> int:
    return sessions.update(connected=False, disconnected_on=now, updated_on=now)


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
