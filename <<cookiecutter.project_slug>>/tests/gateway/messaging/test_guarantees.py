"""What a caller may rely on: order, commits, memory, what is a message, who is left out."""

import json
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connections, transaction
from django.utils import timezone

from gateway.messaging.delivery import Delivery
from gateway.messaging.encoding import InvalidMessageError, MessageTooLargeError, encode
from gateway.messaging.fan_out import fan_out
from gateway.models import WebSocketSession
from gateway.models.session import NoReceiversError
from gateway.testing.outbox import outbox
from gateway.transports import Recipient
from tests.gateway.messaging import behaviours
from tests.gateway.messaging.conftest import make_sessions
from tests.gateway.messaging.server import THROTTLED, ManagementServer

ANYWHERE = "https://nowhere.example/production"


def everybody() -> Any:
    return WebSocketSession.objects.all()


@pytest.mark.django_db
class TestMessages:
    """What may be sent."""

    def test_is_written_by_django(self) -> None:
        """Dates, UUIDs and decimals travel as strings."""
        make_sessions(ANYWHERE, "abc=")
        data = {"on": date(2030, 1, 2), "id": UUID(int=1), "price": Decimal("1.50")}

        everybody().send_message(data)

        assert outbox[0].data == {"on": "2030-01-02", "id": str(UUID(int=1)), "price": "1.50"}

    @pytest.mark.parametrize("data", [{"a": object()}, {"a": float("nan")}, {"a": "\ud800"}, ["a"], "a", {(1, 2): 3}])
    def test_refuses_what_cannot_travel(self, data: Any) -> None:
        """Unserialisable, not JSON, not UTF-8, no object: refused before anything leaves."""
        make_sessions(ANYWHERE, "abc=")

        with pytest.raises(InvalidMessageError):
            everybody().send_message(data)

        assert len(outbox) == 0

    def test_refuses_a_loop(self) -> None:
        """A dict that holds itself has no JSON."""
        data: dict[str, Any] = {}
        data["self"] = data

        with pytest.raises(InvalidMessageError):
            encode(data)

    def test_counts_bytes_not_characters(self) -> None:
        """128 KB is a number of bytes: half as many umlauts."""
        frame = len(encode({"m": ""}))

        assert len(encode({"m": "x" * (131_072 - frame)})) == 131_072
        with pytest.raises(MessageTooLargeError, match="131073"):
            encode({"m": "x" * (131_073 - frame)})
        with pytest.raises(MessageTooLargeError):
            encode({"m": "ü" * 65_540})

    def test_is_frozen_when_it_is_sent(self) -> None:
        """Changing the dict after the call changes nothing."""
        make_sessions(ANYWHERE, "abc=")
        data = {"n": 1}

        with transaction.atomic():
            delivery = everybody().send_message(data, wait_for_commit=False)
            data["n"] = 2

        assert delivery.sent == 1
        assert outbox.to("abc=") == [{"n": 1}]


@pytest.mark.django_db
class TestReceivers:
    """Who is tried."""

    def test_only_the_deliverable(self) -> None:
        """Not the disconnected, not the closing, not those older than a connection can be."""
        make_sessions(ANYWHERE, "here")
        make_sessions(ANYWHERE, "left", connected=False)
        make_sessions(ANYWHERE, "closing", closing_on=timezone.now())
        make_sessions(ANYWHERE, "ancient", age=7_201)

        assert everybody().send_message({}).total == 1
        assert [sent.connection_id for sent in outbox] == ["here"]

    def test_a_session_that_left_counts_as_gone(self) -> None:
        """Unlike in a queryset, which passes it over, the caller meant this one."""
        (session,) = make_sessions(ANYWHERE, "left", connected=False)

        assert session.send_message({}).not_sent == {"gone": ["left"]}

    def test_leaves_one_out(self) -> None:
        """Usually the sender."""
        sender, _ = make_sessions(ANYWHERE, "sender", "other")

        everybody().send_message({}, exclude=sender)

        assert [sent.connection_id for sent in outbox] == ["other"]

    def test_may_require_somebody(self) -> None:
        """Nobody to send to is an error only for those who say so."""
        assert everybody().send_message({}).total == 0
        with pytest.raises(NoReceiversError):
            everybody().send_message({}, require_receivers=True)

    def test_sliced_and_joined_querysets(self) -> None:
        """A slice is respected, and a row that a join finds twice is sent to once."""
        make_sessions(ANYWHERE, "a", "b", "c")

        assert everybody().order_by("connection_id")[:2].send_message({"n": 1}).sent == 2
        doubled = WebSocketSession.objects.filter(api_gateway__websocket_sessions__connected=True)
        assert doubled.count() == 9
        assert doubled.send_message({"n": 2}).sent == 3
        assert sorted(sent.connection_id for sent in outbox) == ["a", "a", "b", "b", "c"]

    def test_reads_in_short_queries(self, django_assert_num_queries: Any) -> None:
        """A thousand rows a query, each on its own: no transaction and no cursor stays open while others are sent to."""
        make_sessions(ANYWHERE, *[f"id{n}" for n in range(3_500)])

        with django_assert_num_queries(6):
            assert everybody().send_message({}).sent == 3_500


@pytest.mark.django_db(transaction=True)
class TestTransactions:
    """Before and after the commit."""

    def test_waits_for_the_commit(self) -> None:
        """The same delivery is pending first and filled afterwards."""
        make_sessions(ANYWHERE, "abc=")

        with transaction.atomic():
            delivery = everybody().send_message({})
            assert (delivery.pending, delivery.total, len(outbox)) == (True, 0, 0)

        assert (delivery.pending, delivery.sent, len(outbox)) == (False, 1, 1)

    def test_a_rollback_sends_nothing(self) -> None:
        """What did not happen is not announced."""
        make_sessions(ANYWHERE, "abc=")

        with transaction.atomic():
            delivery = everybody().send_message({})
            transaction.set_rollback(True)

        assert (delivery.pending, delivery.total, len(outbox)) == (True, 0, 0)

    def test_an_inner_rollback_sends_nothing(self) -> None:
        """A savepoint that rolls back takes its messages with it, and no others."""
        (session,) = make_sessions(ANYWHERE, "abc=")

        with transaction.atomic():
            session.send_message({"n": 1})
            with transaction.atomic():
                session.send_message({"n": 2})
                transaction.set_rollback(True)

        assert outbox.to("abc=") == [{"n": 1}]

    def test_need_not_wait(self) -> None:
        """`wait_for_commit=False` sends at once, whatever becomes of the transaction."""
        make_sessions(ANYWHERE, "abc=")

        with transaction.atomic():
            delivery = everybody().send_message({}, wait_for_commit=False)
            transaction.set_rollback(True)

        assert (delivery.pending, delivery.sent) == (False, 1)

    def test_keep_their_order(self) -> None:
        """Messages leave after the commit in the order in which they were written."""
        (session,) = make_sessions(ANYWHERE, "abc=")

        with transaction.atomic():
            for n in range(5):
                session.send_message({"n": n})

        assert outbox.to("abc=") == [{"n": n} for n in range(5)]


@pytest.mark.django_db(transaction=True)
class TestOrder:
    """Each connection gets its messages in the order of the calls."""

    @pytest.mark.usefixtures("aiohttp_engine")
    def test_a_retry_is_not_overtaken(self, management: ManagementServer) -> None:
        """A second send waits, for this connection only, until the first is through."""
        gateway = make_sessions(management.url, "slow", "quick")[0].api_gateway
        refused = threading.Event()

        def slow_once(call: Any, count: int) -> Any:
            if call.connection_id == "slow" and count <= 2:
                refused.set()
                return THROTTLED
            return None

        management.behaviour = behaviours.answers(slow_once)

        def first() -> None:
            try:
                WebSocketSession.objects.filter(api_gateway=gateway).send_message({"n": 1})
            finally:
                connections.close_all()

        thread = threading.Thread(target=first)
        thread.start()
        assert refused.wait(10)
        everybody().send_message({"n": 2})
        thread.join()

        for connection_id in ("slow", "quick"):
            numbers = [json.loads(body)["n"] for body in management.bodies(connection_id)]
            assert numbers == sorted(numbers)
            assert set(numbers) == {1, 2}

    @pytest.mark.usefixtures("aiohttp_engine")
    def test_one_call_at_a_time(self, management: ManagementServer) -> None:
        """The same connection twice in one send is two calls, one after the other."""
        recipient = Recipient("abc=", management.url)

        assert fan_out("POST", b"{}", [recipient] * 50).sent == 50
        assert management.most_under_way == 1


def many(url: str, count: int) -> Iterator[Recipient]:
    return (Recipient(f"id{n}", url) for n in range(count))


def test_memory_does_not_grow(management: ManagementServer, websockets: Callable[..., None]) -> None:
    """Ten times the recipients need no more memory at once."""
    websockets(TRANSPORT="aiohttp", SEND_RATE=1e6)

    async def forgetful(*_: object) -> tuple[int, str, str]:
        management.calls.clear()
        return 200, "", ""

    management.behaviour = forgetful
    peaks = []
    fan_out("POST", b"{}", many(management.url, 1_500))
    for count in (1_500, 15_000):
        tracemalloc.start()
        assert fan_out("POST", b"{}", many(management.url, count)).sent == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < peaks[0] * 1.3


@pytest.mark.usefixtures("aiohttp_engine")
def test_an_iterator_that_fails_ends_the_send(management: ManagementServer) -> None:
    """What the caller's iterator raises reaches the caller; who was fed has an outcome, and the engine serves others."""

    def failing() -> Iterator[Recipient]:
        yield from many(management.url, 1_500)
        raise LookupError("no more rows")

    delivery = Delivery()
    with pytest.raises(LookupError, match="no more rows"):
        fan_out("POST", b"{}", failing(), delivery=delivery)

    assert delivery.sent + delivery.failed == delivery.total == 1_000  # those of the chunk that was complete
    assert delivery.sent == len(management.calls)
    assert delivery.problems == ["Not everybody was tried: no more rows"]
    assert fan_out("POST", b"{}", many(management.url, 3)).sent == 3


def test_sends_take_turns(management: ManagementServer, websockets: Callable[..., None]) -> None:
    """A message to one person does not queue behind one to thousands."""
    websockets(TRANSPORT="aiohttp", SEND_RATE=500.0, SEND_CONNECTIONS=10)
    big = threading.Thread(target=fan_out, args=("POST", b"{}", list(many(management.url, 1_500))))
    big.start()
    management.wait_for(lambda calls: len(calls) > 50)

    assert fan_out("POST", b"{}", [Recipient("person", management.url)]).sent == 1
    overtaken = 1_500 - len(management.calls)
    big.join()

    assert overtaken > 1_000
