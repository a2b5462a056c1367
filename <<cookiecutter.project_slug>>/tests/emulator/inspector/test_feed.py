"""The live feed: everything once and in order, for readers that come back, fall behind or do not read."""

import asyncio
import http.client
import socket
from collections.abc import Callable
from contextlib import ExitStack

import pytest
from websockets.sync.client import connect

from emulator.clock import ManualClock
from emulator.inspector import feed as feed_module
from emulator.inspector.feed import CHUNK, MAX_READERS, Feed, notes_after
from emulator.journal import SIZE, Journal
from gateway.testing.emulator import RunningEmulator, running_emulator
from tests.emulator.backend import Backend, Reply
from tests.emulator.inspector.conftest import Browser, Listener, listener

Listen = Callable[..., Listener]


def test_way_of_a_message(emulator: RunningEmulator, listen: Listen, backend: Backend, api_id: str) -> None:
    """Frame, backend call and reply arrive under one request id, while somebody looks on."""
    backend.replies["default"] = Reply(body=b"hello back")
    page = listen()
    with connect(f"{emulator.socket_url}/production") as socket:
        socket.send("hello")
        socket.recv(timeout=5)
        sent = page.note("sent", cause="reply")

    message = page.note("message", text="hello")
    call = page.note("integration", event="MESSAGE")
    assert {sent["request_id"], message["request_id"], call["request_id"]} == {message["request_id"]}
    assert (message["route_key"], message["why"]) == ("$default", "the body is not JSON")
    assert (call["result"], call["answer"], sent["text"]) == (200, "hello back", "hello back")
    assert set(call["mapped"]) == {"X-Gateway-Secret", "X-Gateway-Connection-Id"}


def test_life_of_a_connection(emulator: RunningEmulator, listen: Listen, api_id: str) -> None:
    """Handshake, `$connect`, closing and `$disconnect` all belong to one connection."""
    page = listen()
    with connect(f"{emulator.socket_url}/production"):
        pass
    page.note("integration", event="DISCONNECT")

    assert page.note("integration", event="CONNECT")["route_key"] == "$connect"
    assert page.note("closed")["code"] == 1000
    ids = {note["connection_id"] for note in page.notes if "connection_id" in note}
    assert len(ids) == 1


def test_control_frames(emulator: RunningEmulator, listen: Listen, api_id: str) -> None:
    """Pings are shown too."""
    with connect(f"{emulator.socket_url}/production") as socket:
        assert socket.ping().wait(5)

        assert listen().note("control-frames")["count"] == 1


def test_control_plane(control: object, listen: Listen, api_id: str) -> None:
    """Calls that change something are told, by their operation; refused ones too."""
    page = listen()

    assert page.note("control", operation="CreateApi")["status"] == 201
    assert page.note("control", operation="CreateStage")["status"] == 201
    assert not [note for note in page.notes if note["kind"] == "control" and note["operation"].startswith("Get")]


def test_what_happened_before(emulator: RunningEmulator, listen: Listen, api_id: str) -> None:
    """Whoever looks later sees what the journal still holds."""
    with connect(f"{emulator.socket_url}/production"):
        pass

    assert listen().note("connected")["stage"] == "production"


def test_resumed(emulator: RunningEmulator, listen: Listen, browser: Browser) -> None:
    """A page that lost its connection goes on behind the last event it saw."""
    browser.post("/_emulator/faults", {"name": "late-gone", "on": True})
    first = listen()
    event = first.next("notes")

    browser.post("/_emulator/faults", {"name": "late-gone", "on": False})
    second = listen(Last_Event_ID=event.event_id)
    second.note("switched")

    assert [note["value"] for note in second.notes] == [None]


@pytest.mark.parametrize("last", ["", "other-run-5", "-", "nonsense", "0000-99999999999999999999"])
def test_unknown_position(listen: Listen, browser: Browser, last: str) -> None:
    """A position that means nothing here gets everything."""
    browser.post("/_emulator/faults", {"name": "late-gone", "on": True})

    assert listen(Last_Event_ID=last).note("switched")["name"] == "late-gone"


def test_position_from_the_future(listen: Listen, browser: Browser) -> None:
    """A number that has not been reached is no reason to fall silent."""
    run = listen().next("hello").data["run"]
    page = listen(Last_Event_ID=f"{run}-{10**30}")
    page.next("overview")
    browser.post("/_emulator/faults", {"name": "late-gone", "on": True})

    assert page.note("switched")["name"] == "late-gone"


def test_missed_notes() -> None:
    """A reader that falls further behind than the journal reaches is told how many notes it missed."""
    journal = Journal(ManualClock())
    for number in range(SIZE + 7):
        journal.note("numbered", number=number)

    notes, missed = notes_after(journal, 2)

    assert missed == 5
    assert [note["number"] for note in notes] == list(range(7, 7 + CHUNK))


def test_every_note_once() -> None:
    """Read in steps, each note comes once and in order."""
    journal = Journal(ManualClock())
    read: list[int] = []
    for number in range(3 * CHUNK + 1):
        journal.note("numbered", number=number)
    while len(read) < journal.total:
        notes, _ = notes_after(journal, len(read))
        read += [note["number"] for note in notes]

    assert read == list(range(3 * CHUNK + 1))


def test_too_many_readers(listen: Listen, browser: Browser) -> None:
    """A page more than there is room for is told so, and the others go on."""
    pages = [listen() for _ in range(MAX_READERS)]
    for page in pages:
        page.next("hello")

    assert browser.get("/_emulator/live").status == 503


def test_reader_that_leaves_makes_room(emulator: RunningEmulator) -> None:
    """Pages that were closed are noticed."""
    for _ in range(3 * MAX_READERS):
        while True:
            try:
                with listener(emulator.port) as page:
                    page.next("overview")
                break
            except AssertionError:
                continue


def test_slow_reader(monkeypatch: pytest.MonkeyPatch, api_id: str, emulator: RunningEmulator, backend: Backend) -> None:
    """A page that does not read is cut off; the emulator keeps nothing for it."""
    monkeypatch.setattr(feed_module, "SLOW_SECONDS", 0.2)
    backend.replies["default"] = Reply(body=b"y" * 2_000)
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=10)
    connection.connect()
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 262_144)
    connection.request("GET", "/_emulator/live")
    with connect(f"{emulator.socket_url}/production", compression=None) as client:
        for _ in range(1_500):
            client.send("x" * 2_000)
            client.recv(timeout=5)

    while data := connection.sock.recv(1_048_576):
        last = data
    connection.close()
    assert not last.endswith(b"0\r\n\r\n")


def test_stopping_ends_the_feed() -> None:
    """An open page does not keep the emulator from stopping."""
    with ExitStack() as page_stack:
        with running_emulator() as emulator:
            page = page_stack.enter_context(listener(emulator.port))
            page.next("hello")

        assert page.is_over()


def test_another_emulator_is_another_run() -> None:
    """A page can tell that the emulator was started again, as another process on the same port."""
    runs = []
    for _ in range(2):
        with running_emulator() as emulator, listener(emulator.port) as page:
            runs.append(page.next("hello").data["run"])

    assert runs[0] != runs[1]


def test_restart_is_a_note(emulator: RunningEmulator) -> None:
    """A restart on purpose cuts sockets, not the page that looks on: it is told, and nothing is told twice."""
    with listener(emulator.port) as page:
        page.next("hello")
        emulator.restart()

        (note,) = page.next("notes").data["notes"]

    assert (note["kind"], note["keep_connections"]) == ("restarted", False)


def test_closed_feed_lets_go_of_the_journal() -> None:
    """Restarts leave no listener behind."""

    async def close() -> int:
        journal = Journal(ManualClock())
        feed = Feed(journal, dict)
        feed.close()
        return len(journal._listeners)

    assert asyncio.run(close()) == 0
