"""Random schedules of clients, backend, callbacks, time and faults: what must hold whatever happens."""

import struct
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from emulator.faults import FAULTS
from gateway import limits
from gateway.testing.emulator import RunningEmulator, running_emulator
from tests.emulator.backend import Backend, Received, Reply, running_backend
from tests.emulator.conftest import management_client
from tests.emulator.raw_client import BINARY, CLOSE, CONT, PING, PONG, TEXT, Frame, RawClient, raw_client
from tests.emulator.stages import API_ID, STAGE, Stages, route, stage_of

STRIKING = sorted(set(FAULTS) - {"hang-post-during-connect", "hang-integration", "late-gone", "slow-integration"})


PATIENT = settings(deadline=None, suppress_health_check=list(HealthCheck))


@dataclass(eq=False)
class Person:
    """A client, and what it was told apart from its connection."""

    client: RawClient
    context: Any
    connection_id: str
    frames: list[Frame] = field(default_factory=list)

    def listen(self) -> None:
        """Everything that came, until the gateway closes or hangs up."""
        with suppress(EOFError, ConnectionError):
            while not self.frames or self.frames[-1].opcode != CLOSE:
                self.frames.append(self.client.receive())

    def posts(self) -> list[int]:
        """The numbers of the posts that arrived."""
        return [int(frame.data.split()[1]) for frame in self.frames if frame.data.startswith(b"post ")]


class Schedule(RuleBasedStateMachine):
    """Hypothesis chooses the steps; the emulator, the sockets, the backend and boto3 are real."""

    def __init__(self) -> None:
        super().__init__()
        self._scene = _scene()
        self.emulator, self.backend = next(self._scene)
        self.management = management_client(f"{self.emulator.url}/_apis/{API_ID}/{STAGE}")
        self.clients: list[Person] = []
        self.accepted: set[str] = set()
        self.gone: set[str] = set()
        self.posts: dict[str, list[int]] = defaultdict(list)
        self.posted = 0

    def teardown(self) -> None:
        """The end of a schedule: what was to happen at most once did, and each client got its own, in order, in frames."""
        self.emulator.faults.clear()
        for person in self.clients:
            with suppress(ClientError):
                self.management.delete_connection(ConnectionId=person.connection_id)
            person.listen()
            person.context.__exit__(None, None, None)
        self.emulator.settle()
        calls = [self.backend.next() for _ in iter(self.backend.is_idle, True)]
        duplicated = "duplicate-disconnect" in self.seen_faults()
        self._scene.close()
        self._check_disconnects(_ids(calls, "disconnect"), duplicated=duplicated)
        assert all(len(call.body) <= limits.MAX_MESSAGE_BYTES for call in calls)
        for person in self.clients:
            self._check_frames(person)

    def _check_disconnects(self, ids: list[str | None], *, duplicated: bool) -> None:
        disconnects = Counter(ids)
        assert all(count == 1 or duplicated for count in disconnects.values())
        assert set(disconnects) <= self.accepted

    def _check_frames(self, person: Person) -> None:
        arrived = person.posts()
        assert arrived == sorted(set(arrived))
        assert set(arrived) <= set(self.posts[person.connection_id])
        assert all(len(frame.data) <= limits.MAX_FRAME_BYTES for frame in person.frames)
        assert {frame.opcode for frame in person.frames} <= {TEXT, CONT, CLOSE, PONG}

    def seen_faults(self) -> set[str]:
        return {note["name"] for note in self.emulator.notes() if note["kind"] == "fault"}

    @rule(status=st.sampled_from([200, 204, 302, 403, 500]))
    def connect(self, status: int) -> None:
        """A client dials; the backend says yes or no."""
        self.backend.replies["connect"] = Reply(status=status)
        context = raw_client(self.emulator.port)
        client = context.__enter__()
        head = client.upgrade()
        refused = self.emulator.faults.value("refuse-connects")
        expected = int(refused) if refused else 101 if status < 300 else status
        assert head.split(b" ")[1] == str(expected).encode()
        if b" 101 " in head:
            (connection_id,) = {each.connection_id for each in self.emulator.connections()} - self.accepted
            self.clients.append(Person(client, context, connection_id))
            self.accepted.add(connection_id)
        else:
            context.__exit__(None, None, None)

    @precondition(lambda self: self.clients)
    @rule(
        data=st.data(),
        opcode=st.sampled_from([TEXT, TEXT, TEXT, BINARY, CLOSE, PING]),
        payload=st.sampled_from([b"", b"hello", b'{"action": "echo"}', b"\xff", b"x" * 32_769]),
    )
    def send(self, data: st.DataObject, opcode: int, payload: bytes) -> None:
        """A client sends something, sensible or not."""
        client = data.draw(st.sampled_from(self.clients)).client
        if opcode == CLOSE:
            payload = struct.pack("!H", 1000)
        try:
            client.send(opcode, payload[:125] if opcode == PING else payload)
        except OSError:
            return

    @precondition(lambda self: self.accepted)
    @rule(data=st.data(), size=st.sampled_from([0, 0, 100_000, 140_000]))
    def post(self, data: st.DataObject, size: int) -> None:
        """The backend posts to a connection; a post to one that is gone, or one that is too long, is never accepted."""
        connection_id = data.draw(st.sampled_from(sorted(self.accepted)))
        self.posted += 1
        body = f"post {self.posted} ".encode().ljust(size, b".")
        try:
            self.management.post_to_connection(ConnectionId=connection_id, Data=body)
        except ClientError as error:
            self._is_refused(error, connection_id)
        else:
            assert connection_id not in self.gone
            assert size <= limits.MAX_MESSAGE_BYTES
            self.posts[connection_id].append(self.posted)

    @precondition(lambda self: self.accepted)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """The backend ends a connection."""
        connection_id = data.draw(st.sampled_from(sorted(self.accepted)))
        try:
            self.management.delete_connection(ConnectionId=connection_id)
            self.gone.add(connection_id)
        except ClientError as error:
            self._is_refused(error, connection_id)

    def _is_refused(self, error: ClientError, connection_id: str) -> None:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        assert status in {410, 413, 429, 500}
        if status == 410:
            self.gone.add(connection_id)

    @precondition(lambda self: self.clients)
    @rule(data=st.data())
    def vanish(self, data: st.DataObject) -> None:
        """A client goes without a word."""
        person = data.draw(st.sampled_from(self.clients))
        person.context.__exit__(None, None, None)
        self.clients.remove(person)

    @precondition(lambda self: self.clients)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        """A client closes, and hears that the gateway has: from then on nobody can reach it."""
        person = data.draw(st.sampled_from(self.clients))
        with suppress(OSError):
            person.client.send(CLOSE, struct.pack("!H", 1000))
        person.listen()
        self.gone.add(person.connection_id)
        self._check_frames(person)
        person.context.__exit__(None, None, None)
        self.clients.remove(person)

    @rule(seconds=st.sampled_from([1, 29, 599, 601, 7_201]))
    def wait(self, seconds: float) -> None:
        """Time passes; after two hours nobody is left."""
        # These clients answer no close frame, so there is little to wait for.
        self.emulator.advance(seconds, settle=0.05)
        if seconds > 7_200:
            assert self.emulator.connections() == []
            self.gone |= self.accepted

    @rule(name=st.sampled_from(STRIKING), on=st.booleans())
    def fault(self, name: str, on: bool) -> None:
        """Something begins to go wrong half of the time, or stops going wrong."""
        if not on:
            self.emulator.faults.turn_off(name)
        elif name in {"fail-posts", "refuse-connects"}:
            self.emulator.faults.turn_on(name)
        else:
            self.emulator.faults.turn_on(name, min(0.5, FAULTS[name].default))

    @rule(keep=st.booleans())
    def restart(self, keep: bool) -> None:
        """The gateway dies and comes back."""
        self.emulator.restart(keep_connections=keep)
        if not keep:
            self.gone |= self.accepted

    @invariant()
    def gone_stays_gone(self) -> None:
        """A connection that was reported gone is never open again."""
        assert not self.gone & {connection.connection_id for connection in self.emulator.connections()}

    @invariant()
    def serving(self) -> None:
        """Nothing that happens is a bug of the emulator's, and it goes on answering."""
        assert not [note for note in self.emulator.notes() if note["kind"] == "bug"]


@contextmanager
def _running() -> Iterator[tuple[RunningEmulator, Backend]]:
    stages = Stages()
    with running_backend() as backend:
        keys = ("$connect", "$disconnect", "$default")
        stages.add(stage_of(*(route(key, backend.url) for key in keys), route("echo", backend.url, two_way=True)))
        with running_emulator(store=stages) as emulator:
            yield emulator, backend


def _scene() -> Any:
    with _running() as scene:
        yield scene


def _ids(calls: list[Received], name: str) -> list[str | None]:
    return [call.header("X-Gateway-Connection-Id") for call in calls if call.path.endswith("/" + name)]


class TestSchedules(Schedule.TestCase):
    """A few short schedules."""

    settings = settings(PATIENT, max_examples=15, stateful_step_count=25)


@pytest.mark.slow
class TestLongSchedules(Schedule.TestCase):
    """Many long ones."""

    settings = settings(PATIENT, max_examples=300, stateful_step_count=60)
