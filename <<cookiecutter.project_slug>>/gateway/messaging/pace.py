"""How fast calls may leave. Pure: the clock is passed in.

AWS limits the calls of a whole account and region, and answers 429 beyond. Nobody says what is left of that limit, so the rate is
found: it falls to what was accepted as soon as more than a few answers in a hundred are 429, and creeps up while they are not. A
few are tolerated, because a single slow reader is answered 429 too.
"""

from typing import Final

BURST_SECONDS: Final = 0.02
"""Calls may be this late without losing their turn: event loops wake up late."""
FIRST_RATE: Final = 1_000.0
"""Where a process begins; without a 429 it takes a fifth of a second to the ceiling."""
TOLERATED_SHARE: Final = 0.04
SIGNIFICANT: Final = 10
"""429s that need no more answers to be believed."""
WINDOW_SECONDS: Final = 0.05
LONGEST_WINDOW_SECONDS: Final = 1.0
WINDOW_ANSWERS: Final = 100
BELOW_ACCEPTED: Final = 0.97
RECOVER: Final = 4.0
SMALLEST_STEP: Final = 0.005
LARGEST_STEP: Final = 0.3
STEP_GROWTH: Final = 1.6
DEEPEST_CUT: Final = 0.35
SLOWEST: Final = 50.0


class Pace:
    """The rate of one process, in calls a second, between `SLOWEST` and the ceiling.

    Below the rate at which it was last throttled it quadruples with each window of answers; beyond, its steps start small and grow,
    so that it stays near a limit that is there and soon leaves one that is not.
    """

    def __init__(self, ceiling: float, now: float) -> None:
        self.ceiling = ceiling
        self.rate = min(ceiling, FIRST_RATE)
        self._knee = ceiling / BELOW_ACCEPTED
        self._step = SMALLEST_STEP
        self._next = now
        self._changed = now
        self._begin_window()

    def take(self, now: float) -> float:
        """0.0: a call may leave now, and is booked. Otherwise the seconds to wait before asking again."""
        self._next = max(self._next, now - BURST_SECONDS)
        if self._next > now:
            return self._next - now
        self._next += 1 / self.rate
        return 0.0

    def answered(self, *, throttled: bool, left_on: float, now: float) -> None:
        """Learns from an answer. Those to calls that left before the last slowing down say nothing about the rate in force."""
        if left_on < self._changed:
            return
        if not self._answers:
            self._began = now
        self._answers += 1
        self._throttled += throttled
        lasted = now - self._began
        full = lasted >= WINDOW_SECONDS if self._answers >= WINDOW_ANSWERS else lasted >= LONGEST_WINDOW_SECONDS
        if full or self._throttled >= SIGNIFICANT:
            if self._throttled > TOLERATED_SHARE * self._answers:
                self._slow_down(now)
            elif full:
                self._speed_up()

    def _slow_down(self, now: float) -> None:
        seconds = max(now - self._began, 0.001)
        accepted = (self._answers - self._throttled) / seconds
        # A process that was not scheduled for a while sees few answers, and the first of a burst say little: the share of refusals
        # bounds how far one step goes down.
        share = self._throttled / self._answers
        self._knee = min(self.rate, max(accepted, self.rate * max(DEEPEST_CUT, 1 - 3 * share), SLOWEST))
        self.rate = max(self._knee * BELOW_ACCEPTED, SLOWEST)
        self._step = SMALLEST_STEP
        self._changed = now
        self._next = max(self._next, now)
        self._begin_window()

    def _speed_up(self) -> None:
        known = self._knee * BELOW_ACCEPTED
        if self.rate < known:
            faster = min(self.rate * RECOVER, known)
        else:
            faster = self.rate * (1 + self._step)
            self._step = min(self._step * STEP_GROWTH, LARGEST_STEP)
        self.rate = min(self.ceiling, faster)
        self._begin_window()

    def _begin_window(self) -> None:
        self._answers = 0
        self._throttled = 0
        self._began = 0.0
