"""Large sends, cut into shards: who carries them out, what they account for, and what survives a crash."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from gateway.messaging.encoding import InvalidMessageError
from gateway.models import Broadcast, BroadcastShard, SendBudget, WebSocketSession
from gateway.models.broadcast import resume
from gateway.testing.outbox import outbox
from gateway.transports import Outcome
from tests.gateway.messaging.conftest import make_sessions

ANYWHERE = "https://nowhere.example/production"
handed: list[int] = []


def hand_over(shard_id: int) -> None:
    """A dispatcher that leaves shards lying for the test to run."""
    handed.append(shard_id)


def broken(shard_id: int) -> None:
    """A dispatcher whose broker is down."""
    raise ConnectionError("no broker")


@pytest.fixture(autouse=True)
def _shards(websockets: Callable[..., None]) -> Iterator[None]:
    websockets(SHARD_DISPATCHER=f"{__name__}.hand_over", SHARD_SIZE=1_500, SEND_RATE=1e6)
    handed.clear()
    yield
    handed.clear()


def send(count: int = 4_000) -> Broadcast:
    """A send to so many sessions, which waits for workers."""
    make_sessions(ANYWHERE, *[f"id{n:05}" for n in range(count)])
    delivery = WebSocketSession.objects.all().send_message({"type": "hello"})
    assert delivery.pending
    return Broadcast.objects.get(pk=delivery.broadcast_id)


def run_all() -> None:
    for shard in BroadcastShard.objects.all():
        shard.run()


@pytest.mark.django_db
def test_is_cut_and_handed_over() -> None:
    """Nobody is sent to by the caller; every recipient is in one shard."""
    broadcast = send()

    assert len(outbox) == 0
    assert [len(shard.session_ids) for shard in broadcast.shards.order_by("pk")] == [1_500, 1_500, 1_000]
    assert handed == list(broadcast.shards.order_by("pk").values_list("pk", flat=True))
    assert broadcast.delivery().pending


@pytest.mark.django_db
def test_a_small_send_is_not_sharded() -> None:
    """Workers are for what outgrows a process."""
    make_sessions(ANYWHERE, "abc=")

    assert WebSocketSession.objects.all().send_message({}).sent == 1
    assert handed == []


@pytest.mark.django_db
def test_is_accounted_for_as_a_whole() -> None:
    """One delivery adds up what all shards have done, and is final after the last."""
    broadcast = send()
    outbox.answer("id00001", 410)
    outbox.answer("id03999", 400)
    WebSocketSession.objects.filter(connection_id="id00002").update(connected=False)
    WebSocketSession.objects.filter(connection_id="id00003").delete()

    run_all()

    whole = broadcast.delivery()
    assert (whole.pending, whole.sent, whole.gone, whole.failed, whole.total) == (False, 3_996, 3, 1, 4_000)
    assert whole.not_sent[Outcome.FAILED] == ["id03999"]
    assert len(outbox) == 3_996


@pytest.mark.django_db
def test_carries_an_id() -> None:
    """All copies of a message have the same id, so that clients can drop a second one."""
    send()

    run_all()

    assert len({sent.data["message_id"] for sent in outbox}) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("data", ["a", [("type", "hello")], None])
def test_what_is_no_message_is_refused(data: Any) -> None:
    """As it is without workers: the id is not added to what is no dict."""
    with pytest.raises(InvalidMessageError):
        WebSocketSession.objects.all().send_message(data)


@pytest.mark.django_db
def test_goes_on_where_it_stopped() -> None:
    """A worker that dies repeats at most the chunk it was in the middle of."""
    broadcast = send(1_600)
    shard = broadcast.shards.order_by("pk")[0]
    waits = iter([None])

    def die_before_the_second_chunk(_: float) -> None:
        if next(waits, "dead") == "dead":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shard.run(wait=die_before_the_second_chunk)
    so_far = broadcast.delivery()
    run_all()

    assert (so_far.pending, so_far.sent) == (True, 1_000)
    assert broadcast.delivery().sent == 1_600
    assert len({sent.connection_id for sent in outbox}) == len(outbox) == 1_600


@pytest.mark.django_db
def test_a_second_worker_counts_nothing_twice() -> None:
    """A task that the broker delivers again while it runs changes no figure."""
    broadcast = send(1_600)
    shard = broadcast.shards.order_by("pk")[0]
    late = BroadcastShard.objects.get(pk=shard.pk)

    shard.run()
    late.run()

    shard.refresh_from_db()
    assert (shard.sent, shard.done) == (1_500, 1_500)


@pytest.mark.django_db
def test_is_resumed_when_the_broker_is_back(websockets: Callable[..., None]) -> None:
    """A broker that is down loses nothing: shards lie in the database until they can be handed over."""
    websockets(SHARD_DISPATCHER=f"{__name__}.broken")
    broadcast = send()

    assert resume(broken) == 0
    BroadcastShard.objects.update(updated_on=timezone.now() - timedelta(hours=1))
    assert resume(hand_over) == 3
    assert resume(hand_over) == 0
    assert sorted(handed) == sorted(broadcast.shards.values_list("pk", flat=True))


@pytest.mark.django_db
def test_takes_what_it_makes_from_the_shared_rate(websockets: Callable[..., None]) -> None:
    """A worker waits until its chunk's turn in the account's rate."""
    websockets(SEND_RATE=100.0)
    shard = send(1_600).shards.order_by("pk")[0]
    waited: list[float] = []

    shard.run(wait=waited.append)

    assert waited[0] <= 0
    assert 1 < waited[1] <= 10


@pytest.mark.django_db
class TestBudget:
    """The token bucket that workers share."""

    now = datetime(2030, 1, 1, tzinfo=UTC)

    def test_first_come_first_served(self) -> None:
        """The first goes at once, the second when the first's share has passed."""
        assert SendBudget.reserve("r", 500, 1_000, self.now) == 0
        assert SendBudget.reserve("r", 500, 1_000, self.now) == 0.5
        assert SendBudget.reserve("r", 500, 1_000, self.now) == 1.0

    def test_unused_rate_is_not_saved_up(self) -> None:
        """After a pause nobody may send faster than the rate."""
        SendBudget.reserve("r", 500, 1_000, self.now)
        later = self.now + timedelta(hours=1)

        assert SendBudget.reserve("r", 1_000, 1_000, later) == 0
        assert SendBudget.reserve("r", 1_000, 1_000, later) == 1

    def test_regions_have_their_own(self) -> None:
        """AWS counts for each region."""
        SendBudget.reserve("r", 500, 1_000, self.now)

        assert SendBudget.reserve("s", 500, 1_000, self.now) == 0


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_budget_is_never_given_away_twice() -> None:
    """Eight workers taking at once get eight different turns."""
    together = threading.Barrier(8)
    now = timezone.now()
    turns: list[float] = []

    def take() -> None:
        try:
            together.wait()
            turns.extend(SendBudget.reserve("r", 100, 1_000, now) for _ in range(10))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(round(turn, 3) for turn in turns) == [round(n / 10, 3) for n in range(80)]


@pytest.mark.django_db(transaction=True)
def test_waits_for_the_commit() -> None:
    """No worker sees a shard before the transaction that asked for it."""
    from django.db import transaction

    make_sessions(ANYWHERE, *[f"id{n}" for n in range(1_600)])

    with transaction.atomic():
        delivery = WebSocketSession.objects.all().send_message({"type": "hello"})
        assert (handed, delivery.broadcast_id) == ([], "")

    assert len(handed) == 2
    assert json.loads(Broadcast.objects.get(pk=delivery.broadcast_id).message)["type"] == "hello"


def test_no_dispatcher_is_configured_without_a_broker(settings: Any) -> None:
    """Projects without Celery send everything where it is asked for."""
    from config import settings as project

    assert project.WEBSOCKETS["SHARD_DISPATCHER"] == ("gateway.tasks.dispatch" if settings.CELERY_BROKER_URL else "")
