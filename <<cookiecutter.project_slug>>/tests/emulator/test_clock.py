"""The clocks: manual and real, both to be advanced."""

import asyncio

import pytest

from emulator.clock import COMPACT_ABOVE, ManualClock, SystemClock, sleep, time_limit


def test_timers_fire_in_order() -> None:
    """Whatever the order they were set in, timers fire in the order they fall due, each at its own time."""
    clock = ManualClock(start=0.0)
    fired: list[tuple[str, float]] = []
    for name, seconds in (("c", 30.0), ("a", 10.0), ("b", 20.0)):
        clock.call_later(seconds, lambda name=name: fired.append((name, clock.now())))  # type: ignore[misc]

    clock.advance(25)

    assert fired == [("a", 10.0), ("b", 20.0)]
    assert clock.now() == 25.0


def test_timer_set_by_a_timer() -> None:
    """A timer that a timer sets within the time that passes fires too."""
    clock = ManualClock(start=0.0)
    fired: list[float] = []
    clock.call_later(10, lambda: clock.call_later(10, lambda: fired.append(clock.now())) and None)

    clock.advance(20)

    assert fired == [20.0]


def test_cancelled_timer() -> None:
    """A cancelled timer does not fire."""
    clock = ManualClock()
    fired: list[int] = []
    clock.call_later(1, lambda: fired.append(1)).cancel()

    clock.advance(2)

    assert fired == []


def test_cancelled_timers_are_swept() -> None:
    """Ten thousand cancelled timers leave room behind: the queue does not grow with the traffic of the past."""
    clock = ManualClock()
    for _ in range(10_000):
        clock.call_later(7200, lambda: None).cancel()

    assert len(clock._queue) <= COMPACT_ABOVE + 1


def test_system_clock_fires_by_itself() -> None:
    """Real time passes without anybody advancing it."""

    async def scenario() -> bool:
        fired = asyncio.Event()
        SystemClock().call_later(0.001, fired.set)
        return await asyncio.wait_for(fired.wait(), 5)

    assert asyncio.run(scenario())


def test_system_clock_can_be_advanced() -> None:
    """A timer two hours away fires at once when two hours are added, and the clock shows it."""

    async def scenario() -> float:
        clock = SystemClock()
        started = clock.now()
        fired = asyncio.Event()
        clock.call_later(7200, fired.set)
        clock.advance(7200)
        await asyncio.wait_for(fired.wait(), 5)
        return clock.now() - started

    assert asyncio.run(scenario()) >= 7200


def test_nearer_timer_rings_first() -> None:
    """A timer set later for an earlier moment does not wait for the one before it."""

    async def scenario() -> bool:
        clock = SystemClock()
        fired = asyncio.Event()
        clock.call_later(7200, lambda: None)
        clock.call_later(0.001, fired.set)
        return await asyncio.wait_for(fired.wait(), 5)

    assert asyncio.run(scenario())


def test_time_limit() -> None:
    """What takes longer than its limit on the clock is cancelled."""

    async def scenario() -> None:
        clock = ManualClock()
        asyncio.get_running_loop().call_soon(clock.advance, 29)
        async with time_limit(clock, 29):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        asyncio.run(scenario())


def test_time_limit_that_is_kept() -> None:
    """What ends in time goes on undisturbed, also when the limit passes later."""

    async def scenario() -> str:
        clock = ManualClock()
        async with time_limit(clock, 29):
            await asyncio.sleep(0)
        clock.advance(60)
        await asyncio.sleep(0)
        return "done"

    assert asyncio.run(scenario()) == "done"


def test_sleep() -> None:
    """Sleeping ends when the clock says so."""

    async def scenario() -> float:
        clock = ManualClock(start=0.0)
        asyncio.get_running_loop().call_soon(clock.advance, 10)
        await sleep(clock, 5)
        return clock.now()

    assert asyncio.run(scenario()) == 10.0
