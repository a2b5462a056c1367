"""Celery: workers that carry out shards, and the clean-up by the clock. Imported only where Celery is installed.

Tasks carry primary keys, never messages: whatever broker is used, Redis or SQS, sees no content.
"""

import logging
from typing import Final

from celery import shared_task
from celery.signals import worker_process_shutdown
from django.core.management import CommandError, call_command

from gateway.models.broadcast import BroadcastShard, resume
from gateway.monitoring import flush

logger = logging.getLogger(__name__)

CLEAN_UP: Final = ("clear_websocket_sessions", "cleanup_websocket_tokens", "cleanup_rate_limits")


@shared_task(acks_late=True, autoretry_for=(Exception,), max_retries=5, retry_backoff=True, ignore_result=True)  # type: ignore[untyped-decorator]
def send_shard(shard_id: int) -> None:
    """Sends to what is left of a shard. A retry, or a second delivery by the broker, goes on where the last one stopped."""
    BroadcastShard.objects.select_related("broadcast").get(pk=shard_id).run()


def dispatch(shard_id: int) -> None:
    """Hands a shard to a worker: `WEBSOCKETS["SHARD_DISPATCHER"]`."""
    send_shard.delay(shard_id)


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def resume_broadcasts() -> None:
    """Hands over again the shards whose worker has died."""
    resume(dispatch)


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def clean_up() -> None:
    """What a cron job would run. One that fails does not keep the others from running; the task then fails in the end."""
    failed: list[str] = []
    for command in CLEAN_UP:
        try:
            call_command(command)
        except Exception:
            logger.exception("%s failed.", command)
            failed.append(command)
    if failed:
        raise CommandError(f"Failed: {', '.join(failed)}. The log has the tracebacks.")


@worker_process_shutdown.connect  # type: ignore[untyped-decorator]
def leave_figures(**_: object) -> None:
    """Writes what a process of a worker has counted: it ends without what Python does when a program exits."""
    flush()
