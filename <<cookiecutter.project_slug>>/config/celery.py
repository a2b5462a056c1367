"""Celery, for sending to more connections than one process should. Start a worker and, once, the clock:

    celery -A config worker --concurrency 2
    celery -A config beat

`CELERY_BROKER_URL` is `redis://host:6379/0`, or `sqs://` (needs `celery[sqs]`; the credentials are botocore's).
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

VISIBILITY_SECONDS = 3_600
"""After so long a broker gives a task to somebody else. A shard takes seconds; this only matters when a worker is lost."""

app = Celery("config")
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": VISIBILITY_SECONDS,
        "region": os.environ.get("AWS_REGION", "us-east-1"),
    },
    beat_schedule={
        "clean up": {"task": "gateway.tasks.clean_up", "schedule": 900.0},
        "resume broadcasts": {"task": "gateway.tasks.resume_broadcasts", "schedule": 300.0},
    },
)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
