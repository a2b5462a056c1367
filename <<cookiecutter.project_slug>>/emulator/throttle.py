"""Token buckets: the account's, the stage's and each route's. AWS calls them a target, not a ceiling."""

from dataclasses import dataclass, field

from emulator.clock import Clock
from emulator.snapshot import LiveStage, Throttle
from emulator.switches import Switches


@dataclass(slots=True)
class Bucket:
    """Refills at `rate` tokens a second up to `burst`; a burst of 0 lets nothing through (the 0/0 trap, AWS facts 7.5)."""

    throttle: Throttle
    tokens: float
    filled_at: float

    def take(self, now: float) -> bool:
        """One request, if there is a token for it."""
        gained = (now - self.filled_at) * self.throttle.rate
        self.tokens = min(float(self.throttle.burst), self.tokens + gained)
        self.filled_at = now
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True


@dataclass(slots=True)
class Throttles:
    """Every bucket of the emulated account."""

    clock: Clock
    account: Bucket
    connects: Bucket
    routes: dict[tuple[str, str, str], Bucket] = field(default_factory=dict)

    @classmethod
    def of(cls, clock: Clock, switches: Switches) -> "Throttles":
        """Full buckets, of the sizes that the switches say."""
        account = Throttle(rate=switches.account_rate, burst=switches.account_burst)
        connects = Throttle(rate=switches.connect_rate, burst=max(1, int(switches.connect_rate)))
        return cls(clock, _full(account, clock), _full(connects, clock))

    def allow_callback(self) -> bool:
        """A call of `@connections`: counts in the account's rate only."""
        return self.account.take(self.clock.now())

    def allow_connect(self, stage: LiveStage) -> bool:
        """A new connection."""
        return self.connects.take(self.clock.now()) and self.allow_event(stage, "$connect")

    def allow_event(self, stage: LiveStage, route_key: str) -> bool:
        """An event on a route: its own settings, else the stage's default, and the account's."""
        throttle = stage.route_throttles.get(route_key, stage.default_throttle)
        name = (stage.api_id, stage.stage_name, route_key)
        bucket = self.routes.get(name)
        if bucket is None or bucket.throttle != throttle:
            bucket = self.routes[name] = _full(throttle, self.clock)
        now = self.clock.now()
        return bucket.take(now) and self.account.take(now)


def _full(throttle: Throttle, clock: Clock) -> Bucket:
    return Bucket(throttle, float(throttle.burst), clock.now())
