"""The rate finds the limit that is there. Simulated: no clock, no network."""

import heapq
import random
from itertools import count

from gateway.messaging.pace import Pace

LATENCY = 0.01
SLOTS = 200


class Bucket:
    """An API that accepts so many calls a second, and a tenth of a second's worth at once."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.tokens = rate / 10
        self.now = 0.0

    def accepts(self, now: float) -> bool:
        self.tokens = min(self.rate / 10, self.tokens + (now - self.now) * self.rate)
        self.now = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


def simulate(pace: Pace, bucket: Bucket, seconds: float, unlucky: float = 0.0) -> tuple[float, float]:
    """Calls as fast as the pace and two hundred slots allow: (accepted a second, share of 429)."""
    chance = random.Random(1)
    order = count()
    events: list[tuple[float, int, float | None, bool]] = [(0.0, next(order), None, False)]
    busy = accepted = throttled = 0
    while events[0][0] < seconds:
        now, _, left_on, ok = heapq.heappop(events)
        if left_on is not None:
            busy -= 1
            accepted += ok
            throttled += not ok
            pace.answered(throttled=not ok, left_on=left_on, now=now)
        wait = 0.0
        while busy < SLOTS and not (wait := pace.take(now)):
            busy += 1
            ok = bucket.accepts(now) and chance.random() >= unlucky
            heapq.heappush(events, (now + LATENCY, next(order), now, ok))
        if wait and not any(event[2] is None for event in events):
            heapq.heappush(events, (now + wait, next(order), None, False))
    return accepted / seconds, throttled / (accepted + throttled)


def test_stays_below_its_ceiling() -> None:
    """Nobody refuses, and still no more leave than allowed."""
    accepted, _ = simulate(Pace(500.0, 0.0), Bucket(1e9), 10)

    assert 450 < accepted <= 505


def test_reaches_its_ceiling() -> None:
    """It begins carefully and is soon as fast as it may be."""
    pace = Pace(8_000.0, 0.0)

    simulate(pace, Bucket(1e9), 1)

    assert pace.rate == 8_000


def test_finds_a_limit_below_the_ceiling() -> None:
    """At least nine tenths of what the account allows, with few refusals."""
    for limit in (300.0, 1_000.0, 4_000.0):
        accepted, share = simulate(Pace(8_000.0, 0.0), Bucket(limit), 20)

        assert accepted > 0.9 * limit
        assert share < 0.05


def test_slows_down_and_recovers() -> None:
    """A limit that falls is followed down, and one that rises again is followed up."""
    pace = Pace(2_000.0, 0.0)
    bucket = Bucket(1e9)
    simulate(pace, bucket, 2)
    bucket.rate, bucket.tokens = 200.0, 0.0
    now = 2.0
    for step in range(400):
        pace.answered(throttled=step % 2 == 0, left_on=now, now=now)
        now += 0.005
    slow = pace.rate
    for _ in range(8_000):
        pace.answered(throttled=False, left_on=now, now=now)
        now += 0.001

    assert slow < 400
    assert pace.rate == 2_000


def test_a_slow_reader_does_not_slow_everybody() -> None:
    """Two refusals in a hundred, whatever the rate, are not a limit on the rate."""
    accepted, share = simulate(Pace(8_000.0, 0.0), Bucket(1e9), 10, unlucky=0.02)

    assert 0.01 < share < 0.03
    assert accepted > 6_000
