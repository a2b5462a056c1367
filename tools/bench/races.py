"""Limits under parallel requests: exact, or nearly so. Four processes of sixteen threads, so that the requests really meet."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from bench import events
from bench.figures import Measurements, exactly
from bench.native import http_load, write_requests
from bench.options import Options
from bench.paths import BUILD
from bench.postgres import Cluster
from bench.processes import BenchmarkError
from bench.sides import Control, Server, Side, ours, peer

CONNECTS, CONNECT_LIMIT = 50, 20
TOKEN_REQUESTS, TOKEN_LIMIT = 100, 10
USES_OF_A_TOKEN = 20
WORKERS, THREADS = 4, 16
WARM_SESSIONS = 200
USERS_PER_TRIAL = CONNECTS + 2


@dataclass
class Subject:
    """A running project."""

    side: Side
    control: Control
    server: Server

    def granted(self, requests: list[bytes]) -> int:
        """How many of these requests, sent all at once, were answered 200. Every one must be answered, and none by a 5xx."""
        file = write_requests(BUILD / "requests" / f"race-{self.side.name}", requests)
        report = http_load(self.server.port, file, connections=len(requests), seconds=60)
        failed = sum(count for status, count in report["statuses"].items() if status.startswith("5"))
        if self.side.name == "ours" and (report["errors"] or failed):
            raise BenchmarkError(f"{report['statuses']}, {report['errors']} errors; see {self.server.log}.")
        return int(report["statuses"].get("200", 0))

    def connects(self, trial: int) -> int:
        """One address, fifty users with a token each."""
        address = events.random_address()
        logins = self.control.do("logins", count=CONNECTS, first=trial * USERS_PER_TRIAL)
        return self.granted([events.connect(self.side.dialect, key, token, address=address) for key, token in logins])

    def tokens(self, trial: int) -> int:
        """One user asks for a hundred tokens."""
        user = trial * USERS_PER_TRIAL + CONNECTS
        [[key, _]] = self.control.do("logins", count=1, first=user, tokens=False)
        return self.granted([events.token_request(self.side.dialect, key) for _ in range(TOKEN_REQUESTS)])

    def one_token(self, trial: int) -> int:
        """One token is shown by twenty connects, each from an address of its own."""
        user = trial * USERS_PER_TRIAL + CONNECTS + 1
        [[key, token]] = self.control.do("logins", count=1, first=user)
        return self.granted([events.connect(self.side.dialect, key, token) for _ in range(USES_OF_A_TOKEN)])


RACES: tuple[tuple[str, Callable[[Subject, int], int], int], ...] = (
    (
        f"{CONNECTS} parallel connects from one address, limit {CONNECT_LIMIT}: admitted",
        Subject.connects,
        CONNECT_LIMIT,
    ),
    (f"{TOKEN_REQUESTS} parallel token requests of one user, limit {TOKEN_LIMIT}: issued", Subject.tokens, TOKEN_LIMIT),
    (f"one token in {USES_OF_A_TOKEN} parallel connects: admitted", Subject.one_token, 1),
)


def _start(stack: ExitStack, cluster: Cluster, side: Side, trials: int) -> Subject:
    """A project whose threads have all opened their database connection."""
    url = cluster.create(side.name)
    limits = {"BENCH_LIMIT": str(CONNECT_LIMIT), "BENCH_TOKEN_LIMIT": str(TOKEN_LIMIT)}
    control = stack.enter_context(side.control(url, **limits))
    control.do("prepare", users=trials * USERS_PER_TRIAL)
    control.do("sessions", numbers=[0, WARM_SESSIONS], channel="lobby", ids=events.SESSION_IDS)
    server = stack.enter_context(side.server(url, workers=WORKERS, threads=THREADS, **limits))
    subject = Subject(side=side, control=control, server=server)
    warm = [events.message(side.dialect, events.SESSION_IDS.format(number)) for number in range(WARM_SESSIONS)]
    for _ in range(3):
        subject.granted(warm)
    return subject


def measure(options: Options) -> Measurements:
    """The part `races`."""
    measurements = Measurements("races")
    with Cluster() as cluster, ExitStack() as stack:
        subjects = [_start(stack, cluster, side, options.trials) for side in (peer(), ours())]
        for name, race, _ in RACES:
            for trial in range(options.trials):
                for subject in subjects:
                    measurements.record(f"{subject.side.name}: {name}", trial, granted=race(subject, trial))
    for name, _, limit in RACES:
        for side, target in (("ours", exactly(limit)), ("peer", None)):
            measurements.add(f"{name}, {side}", measurements.samples(f"{side}: {name}", "granted"), target, unit="")
    return measurements
