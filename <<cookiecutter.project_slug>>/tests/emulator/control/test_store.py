"""What survives a restart, and what a file can hold."""

import json
import os
import stat
import threading

import pytest

from emulator.state import State
from emulator.store import Store

from .conftest import Builder, serving

LOGGER = "emulator.store"


@pytest.fixture
def path(tmp_path):
    """Where the state is kept: in a folder that is not there yet."""
    return tmp_path / "folder" / "state.json"


def full(path) -> str:
    """The id of an API with one of everything, saved at the path."""
    with serving(Store(path)) as server:
        build = Builder(server.client())
        api_id = build.api()
        target = f"integrations/{build.integration(api_id)}"
        route_id = build.route(api_id, "chat", Target=target, RouteResponseSelectionExpression="$default")
        build.client.create_route_response(ApiId=api_id, RouteId=route_id, RouteResponseKey="$default")
        build.deployed(api_id)
        build.client.create_api_mapping(DomainName=build.domain(), ApiId=api_id, Stage="production")
    return api_id


def test_everything_survives_a_restart(path):
    """A store made from the same file serves the same stages and domains."""
    api_id = full(path)

    store = Store(path)

    stage = store.live_stage(api_id, "production")
    assert stage.routes["chat"].two_way
    assert stage.routes["chat"].integration.uri == "http://127.0.0.1:8000/ws/default"
    assert store.mapped_stage("ws.example.com", "") == stage


def test_only_the_owner_can_read_the_file(path):
    """The file has mode 600, since it holds the shared secret, and nothing else is left beside it."""
    full(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == ["state.json"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "3",
        "{}",
        '{"version": 2, "apis": {}, "domains": {}}',
        '{"version": 1, "apis": [], "domains": {}}',
        '{"version": 1, "apis": {"x": {}}, "domains": {}}',
        '{"version": 1, "apis": {}, "domains": {"x": {"record": 1, "mappings": {}}}}',
        '{"version": 1, "apis": {}, "domains": {"x": {"record": {}, "mappings": {"y": 1}}}}',
        "[" * 100_000,
        "\udcff\udcfe",
    ],
)
def test_corrupt_file_is_put_aside_with_one_message(path, caplog, content):
    """A file that cannot be understood is kept under another name, one line says so, and the emulator starts empty."""
    path.parent.mkdir()
    path.write_bytes(content.encode(errors="surrogateescape"))

    store = Store(path)

    assert store.state == State()
    assert [record.name for record in caplog.records] == [LOGGER]
    assert "state.json.corrupt" in caplog.messages[0]
    assert path.with_name("state.json.corrupt").read_bytes() == content.encode(errors="surrogateescape")
    assert not path.exists()


def test_readers_never_see_half_a_file(path):
    """While APIs are made, whoever reads the file finds a whole state each time."""
    broken: list[str] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                State.from_json(json.loads(path.read_text()))
            except FileNotFoundError:
                continue
            except ValueError as error:
                broken.append(str(error))

    reader = threading.Thread(target=read)
    with serving(Store(path)) as server:
        build = Builder(server.client())
        reader.start()
        try:
            for _ in range(50):
                build.api()
        finally:
            done.set()
            reader.join()

    assert broken == []


def test_a_new_file_is_no_news(path, caplog):
    """A path without a file is an empty state, without a message."""
    assert Store(path).state == State()
    assert caplog.records == []


def test_state_that_cannot_be_saved_is_reported(path, caplog):
    """A call whose outcome cannot be written fails with a sentence and one line in the log, no traceback."""
    store = Store(path)
    path.parent.write_text("a file where the folder should be")

    with serving(store) as server:
        client = server.client()
        with pytest.raises(client.exceptions.ClientError, match="cannot save its state") as caught:
            Builder(client).api()

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert [record.exc_info for record in caplog.records if record.name.startswith("emulator")] == [None]


def test_state_is_plain_json(path):
    """What is written is what is read: the state is the same after a round trip."""
    full(path)
    saved = json.loads(path.read_text())

    assert State.from_json(saved).to_json() == saved
