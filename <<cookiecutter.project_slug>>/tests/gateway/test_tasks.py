"""What Celery's beat starts by the clock."""

import pytest

from config.celery import app
from gateway import tasks
from gateway.models import WebSocketSession
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
