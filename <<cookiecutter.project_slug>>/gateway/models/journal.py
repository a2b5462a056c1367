"""Records that stay bounded without anybody cleaning up: connection attempts and refusals.

Every so many rows the insert is followed by the deletion of what is older than the last `REFUSAL_RETENTION`. That happens so rarely
that it does not show in what an event costs, and never needs a cron job.
"""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import models

from gateway.conf import conf
from gateway.models.batches import delete
from gateway.models.limiter import forget_expired
from gateway.models.logins import alive, session_model
from gateway.models.rate_limit import ConnectionRateLimit
from gateway.models.refusal import WebSocketRefusal
from gateway.models.rows import Rows, event_cursor, moment, without_waiting
from gateway.models.token import WebSocketToken

_attempts = Rows(ConnectionRateLimit)
_refusals = Rows(WebSocketRefusal)
_tokens = Rows(WebSocketToken)

_TOKENS_KEPT = timedelta(hours=1)


def record_attempt(
    *,
    ip_address: str | None,
    user: AbstractBaseUser | None,
    successful: bool,
    now: datetime,
    session_key_hash: str = "",
) -> bool:
    """Remembers an attempt to connect, and now and then forgets old ones and old rate limit subjects.

    Returns whether the login still holds: a logout that began while the connection was being made has not seen its row, so this is
    asked after the row is there, in the same statement.
    """
    attempt = ConnectionRateLimit(
        ip_address=ip_address, user_id=user.pk if user else None, attempted_on=now, successful=successful
    )
    holds = _insert(_attempts, attempt, holding=session_key_hash, now=now, returning=without_waiting())
    if _forget_old(_attempts, attempt):
        forget_expired(now)
    return holds


def record_refusal(refusal: WebSocketRefusal) -> None:
    """Remembers why something was refused."""
    _insert(_refusals, refusal, returning=without_waiting())
    _forget_old(_refusals, refusal)


def record_token(token: WebSocketToken) -> None:
    """Writes an issued token, and now and then deletes those that nobody can redeem any more."""
    _insert(_tokens, token)
    if token.pk % _interval() == 0:
        delete(past_redeeming(token.created_on))


def past_redeeming(now: datetime) -> models.QuerySet[WebSocketToken]:
    """The tokens that nobody can redeem any more. Used and expired ones are kept for an hour, for people to look up."""
    return WebSocketToken.objects.filter(
        created_on__lt=now - max(_TOKENS_KEPT, timedelta(seconds=conf().TOKEN_LIFETIME))
    )


def _interval() -> int:
    return max(1, min(1_000, conf().REFUSAL_RETENTION // 10))


def _forget_old(rows: Rows[Any], newest: models.Model) -> bool:
    """Deletes the oldest rows when it is time to. Returns whether it was."""
    if newest.pk % _interval():
        return False
    delete(rows.model._default_manager.filter(pk__lte=newest.pk - conf().REFUSAL_RETENTION))
    return True


def _insert(
    rows: Rows[Any], instance: models.Model, *, holding: str = "", now: datetime | None = None, returning: str = ""
) -> bool:
    """Writes a row. Returns whether the login with the hash `holding` has not ended by then."""
    asks = bool(holding and session_model())
    sql = f"{rows.insert} RETURNING id{returning}" + (f", {alive('%s')}" if asks else "")
    with event_cursor() as cursor:
        cursor.execute(sql, rows.values(instance) + ([holding, moment(now)] if asks else []))
        instance.pk, *rest = cursor.fetchone()
    return all(rest)
