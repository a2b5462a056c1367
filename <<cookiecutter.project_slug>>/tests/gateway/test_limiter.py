"""The sliding window: exact, and the same on every database."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.models import RateLimitSubject
from gateway.models.limiter import Limit, admit, forget_expired, stamp, wait

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
LIMIT = Limit("test", 3, timedelta(seconds=60))


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_admits_as_many_as_the_limit() -> None:
    """The first N pass, the next one waits."""
    answers = [admit(["a"], LIMIT, at(second)) for second in range(5)]

    assert answers == [None, None, None, 57, 56]


def test_the_oldest_makes_room_when_it_leaves_the_window() -> None:
    """One place is free a window after the first admission, not before."""
    for second in (0, 10, 20):
        admit(["a"], LIMIT, at(second))

    assert admit(["a"], LIMIT, at(59.999999)) == 1
    assert admit(["a"], LIMIT, at(60)) is None
    assert admit(["a"], LIMIT, at(60)) == 10


def test_a_refusal_does_not_extend_the_wait() -> None:
    """Who keeps trying gets in as soon as who does not."""
    for second in (0, 1, 2, *range(3, 60)):
        admit(["a"], LIMIT, at(second))

    assert admit(["a"], LIMIT, at(60)) is None


def test_subjects_pass_together_or_not_at_all() -> None:
    """An attempt that the user's limit refuses does not use up the address's."""
    for second in range(3):
        admit(["user"], LIMIT, at(second))

    assert admit(["ip", "user"], LIMIT, at(3)) == 57
    assert [admit(["ip"], LIMIT, at(4)) for _ in range(4)] == [None, None, None, 60]


def test_a_limit_of_nothing_admits_nobody() -> None:
    """A limit of 0 closes the door."""
    assert admit(["a"], Limit("test", 0, timedelta(seconds=60)), NOON) == 60


def test_wait_does_not_count() -> None:
    """Asking how long is no attempt."""
    for second in range(3):
        admit(["a"], LIMIT, at(second))

    assert wait(["a"], LIMIT, at(3)) == 57
    assert wait(["b"], LIMIT, at(3)) is None
    assert wait([], LIMIT, at(3)) is None


def test_a_clock_that_is_behind_opens_no_gap() -> None:
    """What is admitted out of order still leaves no window with more than the limit."""
    admitted = [second for second in (10, 4, 11, 64, 65, 69, 70, 71) if admit(["a"], LIMIT, at(second)) is None]

    assert admitted == [10, 4, 11, 70, 71]


def test_the_wait_is_never_longer_than_the_window() -> None:
    """Not even for a process whose clock is behind."""
    for _ in range(3):
        admit(["a"], LIMIT, at(10))

    assert admit(["a"], LIMIT, at(5)) == 60


def test_limits_with_other_figures_count_on_their_own() -> None:
    """A subject's key holds the limit's name, count and window."""
    assert LIMIT.subject("ip", "203.0.113.7") == "test:3/60s:ip:203.0.113.7"


def test_expired_subjects_are_forgotten() -> None:
    """Who has not been seen for a window has no row."""
    admit(["old"], LIMIT, at(0))
    admit(["new"], LIMIT, at(30))

    assert forget_expired(at(61)) == 1
    assert [row.subject for row in RateLimitSubject.objects.all()] == ["new"]


def test_stamps_sort_as_their_instants() -> None:
    """Sixteen digits, to the microsecond."""
    assert stamp(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)) == "0000000001000000"
    assert stamp(at(0)) < stamp(at(0.000001)) < stamp(at(1))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(min_value=0, max_value=40_000_000), min_size=1, max_size=40), st.integers(1, 4))
def test_no_window_ever_holds_more_than_the_limit(gaps: list[int], count: int) -> None:
    """Whatever the rhythm: an attempt passes exactly when fewer than N passed in the window that ends with it."""
    RateLimitSubject.objects.all().delete()
    limit = Limit("test", count, timedelta(seconds=60))
    now, passed = NOON, list[datetime]()
    for gap in gaps:
        now += timedelta(microseconds=gap)
        expected = sum(one > now - limit.window for one in passed) < count

        admitted = admit(["a"], limit, now) is None

        assert admitted is expected
        if admitted:
            passed.append(now)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_tidying_up_waits_for_nobody() -> None:
    """An attempt holds its subjects' rows while it waits for the next; who waits for it with the next in hand is a deadlock."""
    for subject in ("a", "b"):
        admit([subject], LIMIT, NOON)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            RateLimitSubject.objects.select_for_update().get(subject="b")
            held.set()
            done.wait(30)
        connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(30)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        assert forget_expired(at(61)) == 1
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
        done.set()
        holder.join()

    assert [row.subject for row in RateLimitSubject.objects.all()] == ["b"]
