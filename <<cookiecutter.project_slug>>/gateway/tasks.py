"""Celery: workers that carry out shards, and the clean-up by the clock. Imported only where Celery is installed.

Tasks carry primary keys, never messages: whatever broker is used, Redis or SQS, sees no content.
"""

from celery import shared_task
from django.core.management import call_command

from gateway.models.broadcast import BroadcastShard, resume


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
    """What a cron job would run."""
    for command in ("clear_websocket_sessions", "cleanup_websocket_tokens", "cleanup_rate_limits"):
        call_command(command)
