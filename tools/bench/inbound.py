"""Events in: what a $connect, a message and a $disconnect cost in gunicorn and PostgreSQL, against the published peer package."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from bench import events
from bench.figures import Measurements, at_least, at_most
from bench.native import http_load, write_requests
from bench.options import Options
from bench.paths import BUILD
from bench.postgres import Cluster
from bench.processes import BenchmarkError
from bench.sides import Control, Server, Side, ours, peer

CONNECTIONS = 8
"""Requests under way at any time, on two workers."""
USERS = 500
SESSIONS = 10_000
EVENTS = ("message", "connect with token", "disconnect")
SPEED = {"message": at_least(2.2), "connect with token": at_least(1.8), "disconnect": at_least(2.5)}
COST = {"message": at_most(0.4), "connect with token": at_most(0.55), "disconnect": at_most(0.4)}
FLAT = at_most(1.2)


@dataclass
class Subject:
    """A running project with its rows."""

    name: str
    side: Side
    control: Control
    server: Server
    cluster: Cluster
    sessions: int

    def requests(self, event: str, count: int) -> list[bytes]:
        """Fresh requests: no connection id is used for two connects, no session disconnected twice."""
        dialect = self.side.dialect
        if event == "connect with token":
            logins = self.control.do("logins", count=count)
            return [events.connect(dialect, key, token) for key, token in logins]
        self.control.do("reconnect")
        if event == "disconnect":
            return [events.disconnect(dialect, events.SESSION_IDS.format(number)) for number in range(self.sessions)]
        return [events.message(dialect, events.SESSION_IDS.format(number % self.sessions)) for number in range(count)]

    def measure(self, event: str, seconds: float) -> dict[str, Any]:
        """Events a second, and CPU milliseconds for each in gunicorn and in PostgreSQL."""
        file = write_requests(BUILD / "requests" / self.name, self.requests(event, int(seconds * 2500)))
        before = self.server.cpu(), self.cluster.cpu()
        report = http_load(self.server.port, file, connections=CONNECTIONS, seconds=seconds)
        after = self.server.cpu(), self.cluster.cpu()
        good = report["statuses"].get("200", 0)
        if good != report["requests"] or report["errors"]:
            raise BenchmarkError(
                f"{self.name}, {event}: {report['statuses']}, {report['errors']} errors; see {self.server.log}."
            )
        application, database = ((late - early) * 1e3 / good for early, late in zip(before, after, strict=True))
        return {
            "events/s": good / report["seconds"],
            "CPU ms app": application,
            "CPU ms DB": database,
            "CPU ms": application + database,
            "p50 ms": report["p50_ms"],
            "p99 ms": report["p99_ms"],
        }


def _start(stack: ExitStack, cluster: Cluster, side: Side, name: str, *, sessions: int, rows: int) -> Subject:
    """A project on a new database with `sessions` sessions that are used and `rows` in all."""
    database = "".join(filter(str.isalnum, name))
    url = cluster.create(database)
    control = stack.enter_context(side.control(url))
    control.do("prepare", users=USERS)
    control.do("sessions", numbers=[0, sessions], channel="lobby", ids=events.SESSION_IDS)
    if rows > sessions:
        control.do("fill", rows=rows - sessions)
    cluster.execute(database, "VACUUM ANALYZE")
    server = stack.enter_context(side.server(url))
    return Subject(name=name, side=side, control=control, server=server, cluster=cluster, sessions=sessions)


def _in_rounds(measurements: Measurements, subjects: Sequence[Subject], options: Options) -> None:
    """Every event of every subject once a round, the subjects in turn first; one short round before, to warm up."""
    for number in range(-1, options.rounds):
        for event in EVENTS:
            for subject in subjects if number % 2 else reversed(subjects):
                result = subject.measure(event, options.seconds if number >= 0 else min(1.0, options.seconds))
                if number >= 0:
                    measurements.record(f"{subject.name}: {event}", number, **result)


def _against_peer(measurements: Measurements, cluster: Cluster, options: Options) -> None:
    with ExitStack() as stack:
        subjects = [
            _start(stack, cluster, side, side.name, sessions=SESSIONS, rows=SESSIONS) for side in (peer(), ours())
        ]
        _in_rounds(measurements, subjects, options)
    for event in EVENTS:
        pair = f"ours: {event}", f"peer: {event}"
        measurements.ratio(f"{event}: events per second, ours / peer", "events/s", *pair, SPEED[event])
        measurements.ratio(f"{event}: CPU per event, ours / peer", "CPU ms", *pair, COST[event])


def _against_rows(measurements: Measurements, cluster: Cluster, options: Options) -> None:
    """The same events on a small table and on a large one."""
    small, large = f"{1000:,} rows", f"{options.many_rows:,} rows"
    with ExitStack() as stack:
        subjects = [
            _start(stack, cluster, ours(), small, sessions=1000, rows=1000),
            _start(stack, cluster, ours(), large, sessions=1000, rows=options.many_rows),
        ]
        _in_rounds(measurements, subjects, options)
    for event in EVENTS:
        title = f"{event}: CPU per event, {large} / {small}"
        measurements.ratio(title, "CPU ms", f"{large}: {event}", f"{small}: {event}", FLAT)


def measure(options: Options) -> Measurements:
    """The part `inbound`."""
    measurements = Measurements("inbound")
    with Cluster() as cluster:
        _against_peer(measurements, cluster, options)
        _against_rows(measurements, cluster, options)
    return measurements
