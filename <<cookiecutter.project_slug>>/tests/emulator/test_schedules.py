"""Random schedules of clients, backend, callbacks, time and faults: what must hold whatever happens."""

import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from emulator.faults import FAULTS
from gateway.testing.emulator import RunningEmulator, running_emulator
from tests.emulator.backend import Backend, Reply, running_backend
from tests.emulator.conftest import management_client
from tests.emulator.raw_client import BINARY, CLOSE, PING, TEXT, RawClient, raw_client
from tests.emulator.stages import API_ID, STAGE, Stages, route, stage_of

STRIKING = sorted(set(FAULTS) - {"hang-post-during-connect", "hang-integration", "late-gone", "slow-integration"})


PATIENT = settings(deadline=None, suppress_health_check=list(HealthCheck))


class Schedule(RuleBasedStateMachine):
    """Hypothesis chooses the steps; the emulator, the sockets, the backend and boto3 are real."""

    def __init__(self) -> None:
        super().__init__()
        self._scene = _scene()
        self.emulator, self.backend = next(self._scene)
        self.management = management_client(f"{self.emulator.url}/_apis/{API_ID}/{STAGE}")
        self.clients: list[tuple[RawClient, Any]] = []
        self.accepted: set[str] = set()
        self.gone: set[str] = set()

    def teardown(self) -> None:
        for _, context in self.clients:
            context.__exit__(None, None, None)
        self.emulator.settle()
        disconnects = Counter(_ids(self.backend, "disconnect"))
        duplicated = "duplicate-disconnect" in self.seen_faults()
        assert all(count == 1 or duplicated for count in disconnects.values())
        assert set(disconnects) <= self.accepted
        self._scene.close()

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
            self.clients.append((client, context))
            self.accepted |= {connection.connection_id for connection in self.emulator.connections()}
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
        client, _ = data.draw(st.sampled_from(self.clients))
        if opcode == CLOSE:
            payload = struct.pack("!H", 1000)
        try:
            client.send(opcode, payload[:125] if opcode == PING else payload)
        except OSError:
            return

    @precondition(lambda self: self.accepted)
    @rule(data=st.data(), delete=st.booleans())
    def call_back(self, data: st.DataObject, delete: bool) -> None:
        """The backend posts to a connection or deletes it; a post to one that is gone is never accepted."""
        connection_id = data.draw(st.sampled_from(sorted(self.accepted)))
        try:
            if delete:
                self.management.delete_connection(ConnectionId=connection_id)
                self.gone.add(connection_id)
            else:
                self.management.post_to_connection(ConnectionId=connection_id, Data=b"x")
                assert connection_id not in self.gone
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            assert status in {410, 429, 500}
            if status == 410:
                self.gone.add(connection_id)

    @precondition(lambda self: self.clients)
    @rule(data=st.data())
    def vanish(self, data: st.DataObject) -> None:
        """A client goes without a word."""
        found = data.draw(st.sampled_from(self.clients))
        found[1].__exit__(None, None, None)
        self.clients.remove(found)

    @rule(seconds=st.sampled_from([1, 29, 599, 601, 7_201]))
    def wait(self, seconds: float) -> None:
        """Time passes; after two hours nobody is left."""
        self.emulator.advance(seconds)
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


def _ids(backend: Backend, name: str) -> list[str | None]:
    found = []
    while not backend.is_idle():
        received = backend.next()
        if received.path.endswith("/" + name):
            found.append(received.header("X-Gateway-Connection-Id"))
    return found


class TestSchedules(Schedule.TestCase):
    """A few short schedules."""

    settings = settings(PATIENT, max_examples=15, stateful_step_count=25)


@pytest.mark.slow
class TestLongSchedules(Schedule.TestCase):
    """Many long ones."""

    settings = settings(PATIENT, max_examples=300, stateful_step_count=60)
