"""Celery, for sending to more connections than one process should. Start a worker and, once, the clock:

    celery -A config worker --concurrency 2
    celery -A config beat

`CELERY_BROKER_URL` is `redis://host:6379/0`, or `sqs://` with the credentials and the region that boto3 finds.
"""

import os
from typing import Any

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

VISIBILITY_SECONDS = 3_600
"""After so long a broker gives a task to somebody else: longer than a task waits to be repeated, or a shard takes. It only
matters when a whole machine is lost, and `resume_broadcasts` is there earlier."""


def defaults() -> dict[str, Any]:
    """Whatever the settings do not say themselves, as `CELERY_...`.

    The queue has the gateway's name and stage, so that sites which share a Redis or an AWS account take no tasks of each other.
    """
    stage = settings.WEBSOCKETS["STAGE"] or settings.ASKED_FOR["stage_name"]
    ours = {
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_ignore_result": True,
        "task_default_queue": f"{settings.ASKED_FOR['api_name']}-{stage}",
        "worker_prefetch_multiplier": 1,
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": {"visibility_timeout": VISIBILITY_SECONDS, "region": settings.AWS_REGION or None},
        "beat_schedule": {
            "clean up": {"task": "gateway.tasks.clean_up", "schedule": 900.0},
            "resume broadcasts": {"task": "gateway.tasks.resume_broadcasts", "schedule": 300.0},
        },
    }
    # To Celery the defaults of an app come before its settings.
    return {name: value for name, value in ours.items() if not hasattr(settings, f"CELERY_{name.upper()}")}


app = Celery("config")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.add_defaults(defaults)
app.autodiscover_tasks()
