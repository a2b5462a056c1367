"""A broadcast cut into shards: how much sooner two Celery workers finish it than one. The broker is a Redis of the run's own."""

import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bench.figures import Measurements, at_most, exactly
from bench.native import ManagementApi
from bench.options import Options
from bench.paths import BUILD
from bench.processes import HOST, BenchmarkError, Program, free_port
from bench.sides import Control, Side

SHARDS = 8
LATENCY_MS = 50
CHANNEL = "sharded"
PATIENCE = 120.0


def recipients_of(options: Options) -> int:
    """How many connections the channel must have."""
    return options.recipients * 2


def measure_workers(measurements: Measurements, side: Side, database_url: str, options: Options) -> None:
    """One worker and two take turns."""
    with ExitStack() as stack:
        environment = {
            "CELERY_BROKER_URL": _start_redis(stack),
            "BENCH_SHARD_SIZE": str(recipients_of(options) // SHARDS),
        }
        api = stack.enter_context(ManagementApi(latency_ms=LATENCY_MS))
        control = stack.enter_context(side.control(database_url, **environment))
        start = partial(side.python, database_url=database_url, **environment)
        for number in range(options.rounds):
            for workers in (1, 2) if number % 2 else (2, 1):
                seconds, lost = _measure(start, control, api, workers=workers, count=recipients_of(options))
                measurements.record(f"ours: {workers} Celery worker(s)", number, seconds=seconds, lost=lost)
    pair = "ours: 2 Celery worker(s)", "ours: 1 Celery worker(s)"
    title = f"sharded broadcast, {LATENCY_MS} ms latency: time with two Celery workers / one"
    measurements.ratio(title, "seconds", *pair, at_most(0.65))
    lost_by_any = [lost for subject in pair for lost in measurements.samples(subject, "lost")]
    measurements.add("sharded broadcast: recipients lost", lost_by_any, exactly(0), unit="")


def _start_redis(stack: ExitStack) -> str:
    redis = shutil.which("redis-server")
    if redis is None:
        raise BenchmarkError("The Celery rows need Redis: apt-get install redis-server.")
    port = free_port()
    server = stack.enter_context(
        Program([redis, "--port", str(port), "--bind", HOST, "--save", "", "--appendonly", "no"], folder=BUILD)
    )
    server.wait_for_port(port)
    return f"redis://{HOST}:{port}/0"


def _measure(
    start: Callable[..., Program], control: Control, api: ManagementApi, *, workers: int, count: int
) -> tuple[float, int]:
    """Seconds until the last recipient has its message, and how many never got it. The first broadcast warms the workers up."""
    arguments = [
        "-m",
        "celery",
        "-A",
        "config",
        "worker",
        "--concurrency",
        "1",
        "--loglevel",
        "INFO",
        "--without-gossip",
    ]
    with ExitStack() as stack:
        for number in range(workers):
            log = BUILD / "log" / f"worker-{number}.log"
            name = ["-n", f"worker{number}@bench"]
            stack.enter_context(start(*arguments, *name, log=log.stem))
            _wait_until(lambda log=log: _is_ready(log))
        for _ in range(2):
            api.reset()
            started = time.monotonic()
            control.do(
                "broadcast",
                endpoint=f"{api.url}/production",
                channel=CHANNEL,
                data={"type": "bench", "text": "x" * 110},
            )
            _wait_until(lambda: api.stats()["distinct"] >= count)
            seconds = time.monotonic() - started
    return seconds, count - api.stats()["distinct"]


def _is_ready(log: Path) -> bool:
    return " ready." in log.read_text(encoding="utf-8", errors="replace")


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return
        time.sleep(0.02)
