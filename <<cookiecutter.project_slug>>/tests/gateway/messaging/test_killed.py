"""Processes that are killed in the middle of a send: what they have said and stored never claims more than was answered 200."""

import asyncio
import signal
from collections.abc import Callable
from datetime import timedelta
from subprocess import Popen

import pytest

from gateway.models import Broadcast, Metric, WebSocketSession
from gateway.models.broadcast import unfinished
from tests.gateway.messaging.children import database, python
from tests.gateway.messaging.conftest import make_sessions
from tests.gateway.messaging.server import GONE, Call, ManagementServer, Reply

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = timedelta(0)


def silent_after(management: ManagementServer, answers: int) -> None:
    """410 to one in a hundred, 200 to the others; after so many answers, none any more."""

    async def behave(call: Call, writer: asyncio.StreamWriter) -> Reply | None:
        if sum(management.answered.values()) >= answers:
            await writer.wait_closed()
            return None
        return GONE if call.connection_id.endswith("99") else (200, "", "")

    management.behaviour = behave


def kill_when_silent(process: Popen[str], management: ManagementServer, answers: int) -> str:
    """SIGKILL while calls are under way that will not be answered. Returns what the process had said."""
    management.wait_for(lambda calls: len(calls) > answers + 50)
    process.send_signal(signal.SIGKILL)
    out, _ = process.communicate(timeout=60)
    return out


def test_while_sending(management: ManagementServer) -> None:
    """Two sends of three hundred are through, the third is in the middle: two are reported, counted and pruned."""
    make_sessions(management.url, *[f"id{n:03}" for n in range(300)])
    silent_after(management, 750)
    script = """
from gateway.monitoring import flush

while True:
    delivery = WebSocketSession.objects.all().send_message({"type": "hello"})
    flush()
    print(delivery.sent, delivery.gone, flush=True)
"""
    said = kill_when_silent(python(script, management.url, **database()), management, 750)

    assert said.splitlines() == ["297 3", "297 0"]
    assert management.answered[200] > 297 + 297
    posts = Metric.objects.filter(minute=Metric.TOTAL, series__contains="websocket_posts_total")
    assert dict(posts.values_list("series", "value")) == {
        'websocket_posts_total{outcome="gone"}': 3,
        'websocket_posts_total{outcome="sent"}': 594,
    }
    assert WebSocketSession.objects.filter(connected=True).count() == 297


def test_while_working_on_a_shard(management: ManagementServer, websockets: Callable[..., None]) -> None:
    """The account holds the chunks that were through. What is left is found, and goes on after the last of them."""
    ids = [f"id{n:04}" for n in range(2_500)]
    make_sessions(management.url, *ids)
    keys = list(WebSocketSession.objects.order_by("pk").values_list("pk", flat=True))
    broadcast = Broadcast.objects.create(message='{"type":"hello"}', complete=True)
    broadcast.shards.create(session_ids=keys)
    silent_after(management, 1_700)

    kill_when_silent(python("BroadcastShard.objects.get().run()", management.url, **database()), management, 1_700)
    so_far = broadcast.delivery()
    answered = management.answered[200]

    assert (so_far.pending, so_far.sent, so_far.gone) == (True, 990, 10)
    assert so_far.sent < answered

    silent_after(management, 10_000)
    websockets(TRANSPORT="aiohttp")
    (left,) = unfinished(AT_ONCE)
    left.run()

    whole = Broadcast.objects.get().delivery()
    assert (whole.pending, whole.sent, whole.gone) == (False, 2_475, 25)
    assert set(management.counts()) == set(ids)
    repeated = {one for one, times in management.counts().items() if times > 1}
    assert repeated <= set(ids[1_000:2_000])
