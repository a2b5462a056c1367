"""What Celery's beat starts by the clock."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import connection
from django.utils import timezone

from config.celery import app, defaults
from gateway import tasks
from gateway.models import WebSocketSession, WebSocketToken
from tests.gateway.messaging.conftest import make_sessions

ANYWHERE = "https://nowhere.example/production"


@pytest.mark.django_db
def test_the_clock_knows_its_tasks() -> None:
    """What beat starts exists, and does what a cron job would do."""
    make_sessions(ANYWHERE, "old", age=7_201)

    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)
    tasks.clean_up()
    tasks.resume_broadcasts()
    assert not WebSocketSession.objects.filter(connected=True).exists()


@pytest.mark.django_db(transaction=True)
def test_a_clean_up_that_fails_keeps_no_other_from_running(ann: Any) -> None:
    """Sessions cannot be read; tokens are tidied up all the same, and the task fails with the name of what failed."""
    WebSocketToken.objects.create(token_hash="t", user=ann, created_on=timezone.now() - timedelta(days=1))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE gateway_websocketsession RENAME TO gateway_websocketsession_away")
    try:
        with pytest.raises(CommandError, match="clear_websocket_sessions"):
            tasks.clean_up()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE gateway_websocketsession_away RENAME TO gateway_websocketsession")

    assert not WebSocketToken.objects.exists()


def test_the_queue_is_the_gateway_s_own() -> None:
    """Sites that share a Redis, or an AWS account, take no tasks of each other."""
    assert app.conf.task_default_queue == "tests-production"


def test_the_region_is_the_project_s() -> None:
    """Not what boto3 would take where SQS is asked for the queue, as it is told wherever else AWS is."""
    assert app.conf.broker_transport_options["region"] == "eu-central-1"


def test_the_settings_have_the_last_word(settings: Any) -> None:
    """What a project says as `CELERY_...` is not overruled."""
    settings.CELERY_TASK_DEFAULT_QUEUE = "mine"

    assert "task_default_queue" not in defaults()
    assert defaults()["task_acks_late"]
