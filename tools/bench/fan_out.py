"""Messages out: posting to `@connections`, against the published peer package and against wrk doing the same posts."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from bench import events
from bench.celery_workers import CHANNEL, measure_workers, recipients_of
from bench.figures import Measurements, Target, at_least, at_most, exactly
from bench.native import ManagementApi, wrk
from bench.options import Options
from bench.paths import HERE
from bench.postgres import Cluster
from bench.sides import Side, ours, peer
from bench.tls import CERTIFICATE, TlsFront

DATA = {"type": "bench", "text": "x" * 160}
"""200 bytes as JSON, give or take what the encoder adds."""
STAGE = "production"
CONNECTIONS = 200
"""Of ours and of wrk. The peer has ten threads."""
FEW = 1_000
WARM = 2 * CONNECTIONS
"""Recipients of the broadcast before the one that is measured: enough to open every connection."""
SECONDS_OF_CAP = 10
WRK_SCRIPT = HERE / "native" / "post.lua"


@dataclass(frozen=True, kw_only=True)
class Condition:
    """How the endpoint behaves, and what was promised for it."""

    name: str
    server: Mapping[str, int]
    faster: Target
    cheaper: Target | None = None
    tls: bool = False


CONDITIONS = (
    Condition(name="plain", server={}, faster=at_least(9), cheaper=at_most(0.12)),
    Condition(name="10 ms", server={"latency_ms": 10}, faster=at_least(12)),
    Condition(name="TLS", server={}, faster=at_least(9), tls=True),
    Condition(
        name="10 ms, 1 % gone, 2 % 429",
        server={"latency_ms": 10, "gone_every": 100, "throttle_permille": 20},
        faster=at_least(8),
    ),
)


@dataclass
class Recipients:
    """A database of one side, and who is in it."""

    side: Side
    url: str

    def broadcast(self, api: ManagementApi, endpoint: str, channel: str, count: int, **options: str) -> dict[str, Any]:
        """One broadcast to `count` recipients, in a fresh process that is warm: what it did and cost, and what the server saw."""
        trust = (
            {"AWS_CA_BUNDLE": str(CERTIFICATE), "SSL_CERT_FILE": str(CERTIFICATE)}
            if endpoint.startswith("https")
            else {}
        )
        message = {"endpoint": f"{endpoint}/{STAGE}", "data": DATA}
        with self.side.control(self.url, **trust, **options) as control:
            control.do("reconnect")
            control.do("broadcast", channel="warm", **message)
            api.reset()
            result = control.do("broadcast", channel=channel, **message)
        stats = api.stats()
        return {
            "posts/s": count / result["seconds"],
            "CPU s/1,000": result["cpu"] / count * 1e3,
            "peak MiB": result["peak_mib"],
            "lost": count - stats["distinct"] - result.get("gone", len(range(0, count, 100)) if stats["gone"] else 0),
            "repeated": stats["repeated"],
            "misreported": abs(result["sent"] - stats["sent"]) + result.get("failed", 0) + result.get("throttled", 0),
            "share of 429": stats["throttled"] / stats["posts"],
        }


def _prepare(cluster: Cluster, side: Side, channels: Mapping[str, int]) -> Recipients:
    """A database with as many sessions in each channel as is said. Recipients' numbers do not overlap."""
    url = cluster.create(side.name)
    with side.control(url) as control:
        control.do("prepare", users=10)
        for position, (channel, count) in enumerate(channels.items()):
            first = position * 200_000
            control.do("sessions", numbers=[first, first + count], channel=channel, ids=events.SESSION_IDS)
    cluster.execute(side.name, "VACUUM ANALYZE")
    return Recipients(side=side, url=url)


def _measure_condition(
    measurements: Measurements, both: list[Recipients], condition: Condition, options: Options
) -> None:
    """Both sides, and wrk with as many connections as ours, in every round."""
    with ExitStack() as stack:
        api = stack.enter_context(ManagementApi(**condition.server))
        endpoint = stack.enter_context(TlsFront(api.port)).url if condition.tls else api.url
        for number in range(options.rounds):
            for one in both if number % 2 else reversed(both):
                result = one.broadcast(api, endpoint, "bench", options.recipients)
                measurements.record(f"{one.side.name}: {condition.name}", number, **result)
            if not condition.server.get("throttle_permille"):
                speed = wrk(f"{endpoint}/{STAGE}", connections=CONNECTIONS, seconds=options.seconds, script=WRK_SCRIPT)
                measurements.record(f"wrk: {condition.name}", number, **{"posts/s": speed})
    pair = f"ours: {condition.name}", f"peer: {condition.name}"
    measurements.ratio(f"{condition.name}: posts per second, ours / peer", "posts/s", *pair, condition.faster)
    measurements.ratio(f"{condition.name}: CPU per post, ours / peer", "CPU s/1,000", *pair, condition.cheaper)
    if not condition.server.get("throttle_permille"):
        target = at_least(0.4) if condition.server.get("latency_ms") else None
        title = f"{condition.name}: posts per second, ours / wrk, {CONNECTIONS} connections each"
        measurements.ratio(title, "posts/s", f"ours: {condition.name}", f"wrk: {condition.name}", target)
    for key in ("lost", "misreported"):
        samples = measurements.samples(f"ours: {condition.name}", key)
        measurements.add(f"{condition.name}: recipients {key}, ours", samples, exactly(0), unit="")


def _measure_memory(measurements: Measurements, our: Recipients, options: Options) -> None:
    with ManagementApi() as api:
        for number in range(options.rounds):
            for name, count in (("few", FEW), ("many", options.many_recipients)):
                measurements.record(f"ours: {count:,} recipients", number, **our.broadcast(api, api.url, name, count))
    title = f"peak memory, {options.many_recipients:,} / {FEW:,} recipients"
    pair = f"ours: {options.many_recipients:,} recipients", f"ours: {FEW:,} recipients"
    measurements.ratio(title, "peak MiB", *pair, at_most(1.2))


def _measure_cap(measurements: Measurements, our: Recipients, options: Options) -> None:
    """A server that answers 429 to all that exceeds so many posts a second; its bucket holds a tenth of a second's."""
    subject = f"ours: capped at {options.cap:,} posts/s"
    with ManagementApi(cap=options.cap, burst=options.cap // 10) as api:
        for number in range(options.rounds):
            result = our.broadcast(api, api.url, "capped", options.cap * SECONDS_OF_CAP, BENCH_SEND_RATE="8000")
            measurements.record(subject, number, **result)
    speeds = [speed / options.cap for speed in measurements.samples(subject, "posts/s")]
    measurements.add("capped server: throughput / cap", speeds, at_least(0.9))
    measurements.add(
        "capped server: share of answers that are 429", measurements.samples(subject, "share of 429"), at_most(0.05)
    )
    measurements.add("capped server: recipients lost", measurements.samples(subject, "lost"), exactly(0), unit="")


def measure(options: Options) -> Measurements:
    """The part `fan-out`."""
    measurements = Measurements("fan-out")
    ours_alone = {
        "few": FEW,
        "capped": options.cap * SECONDS_OF_CAP,
        CHANNEL: recipients_of(options),
        "many": options.many_recipients,
    }
    with Cluster() as cluster:
        their, our = (
            _prepare(
                cluster, side, {"bench": options.recipients, "warm": WARM} | (ours_alone if side.name == "ours" else {})
            )
            for side in (peer(), ours())
        )
        for condition in CONDITIONS:
            _measure_condition(measurements, [their, our], condition, options)
        _measure_memory(measurements, our, options)
        _measure_cap(measurements, our, options)
        measure_workers(measurements, our.side, our.url, options)
    return measurements
