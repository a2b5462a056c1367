"""The end of a conversation, and clients that are in the middle of something else (AWS facts 1.5).

Codes and reasons are gone through in `autobahn/test_closing.py`.
"""

import contextlib
import socket
import struct
import threading

import pytest

from emulator.switches import Switches
from gateway.testing.emulator import RunningEmulator, running_emulator
from tests.emulator.backend import Backend, Reply
from tests.emulator.conftest import management_client
from tests.emulator.conversation import until
from tests.emulator.raw_client import CLOSE, PING, PONG, TEXT, RawClient, flood, frame, raw_client
from tests.emulator.stages import API_ID, STAGE, Stages

GOOD_BYE = struct.pack("!H", 1000)


def test_message_and_close_together(client: RawClient, backend: Backend) -> None:
    """A message that arrives in the same packet as the close frame is still delivered."""
    client.sock.sendall(frame(TEXT, b"last words") + frame(CLOSE, GOOD_BYE))

    assert backend.next_for("default").body == b"last words"


def test_breach_and_close_together(client: RawClient, backend: Backend) -> None:
    """What came first counts: a text that is no UTF-8 closes with 1007, though a close frame follows at once."""
    client.sock.sendall(frame(TEXT, b"\xff") + frame(CLOSE, GOOD_BYE))

    assert client.close_code() == 1007


def test_messages_after_good_bye(stages: Stages, backend: Backend) -> None:
    """What a client says once the gateway has begun to close is not listened to, and piles up nowhere."""
    gate = threading.Event()
    backend.replies["default"] = Reply(gate=gate)
    with (
        running_emulator(store=stages, switches=Switches(concurrent_messages=1)) as emulator,
        raw_client(emulator.port) as client,
    ):
        client.upgrade()
        (connection,) = emulator._emulator.plane.registry
        client.send(TEXT, b"first")
        backend.next_for("default")
        emulator.disconnect(connection.connection_id)
        client.sock.sendall(frame(TEXT, b"late") * 100 + frame(PING, b"all read"))
        while client.receive().opcode != PONG:
            pass

        assert len(connection.waiting) == 0
        gate.set()


def test_ping_flood_after_good_bye(stages: Stages, backend: Backend) -> None:
    """A client that does not read is not read either while the gateway waits for its close frame: its pongs would pile up."""
    with (
        running_emulator(store=stages, switches=Switches(outbound_buffer_bytes=65_536, close_timeout=60.0)) as emulator,
        raw_client(emulator.port) as client,
    ):
        client.upgrade()
        client.sock.settimeout(1.0)
        pings = frame(PING, b"p" * 125) * 1_000
        with pytest.raises(TimeoutError):
            flood(client, pings)
        (connection,) = emulator.connections()
        emulator.disconnect(connection.connection_id)

        with pytest.raises(TimeoutError):
            flood(client, pings)


def test_half_closed_by_a_client_that_does_not_read(stages: Stages, backend: Backend) -> None:
    """A client that sends no more, and does not take what is sent to it, is cut off: its socket is not kept for ever."""
    with (
        running_emulator(store=stages, switches=Switches(close_timeout=0.3)) as emulator,
        raw_client(emulator.port) as client,
    ):
        client.upgrade()
        (connection,) = emulator._emulator.plane.registry
        fill(emulator, connection.connection_id)
        client.sock.shutdown(socket.SHUT_WR)
        assert backend.next_for("disconnect").header("X-Gateway-Event") == "DISCONNECT"

        until(lambda: connection.socket._transport is None)


def fill(emulator: RunningEmulator, connection_id: str) -> None:
    """Send until nothing more is taken for that client."""
    management = management_client(f"{emulator.url}/_apis/{API_ID}/{STAGE}")
    with contextlib.suppress(management.exceptions.LimitExceededException):
        while True:
            management.post_to_connection(ConnectionId=connection_id, Data=b"x" * 131_072)
