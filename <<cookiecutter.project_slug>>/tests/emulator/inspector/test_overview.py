"""How things stand: connections, undeployed changes, figures, faults, clock."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from websockets.sync.client import connect

from emulator.inspector.changes import undeployed_changes
from emulator.inspector.overview import CONNECTIONS_SHOWN
from gateway.testing.emulator import RunningEmulator
from tests.emulator.backend import Backend, Reply
from tests.emulator.inspector.conftest import Browser, Listener, add_route

Listen = Callable[..., Listener]


def test_connections(emulator: RunningEmulator, listen: Listen, backend: Backend, api_id: str) -> None:
    """Each open connection with its messages both ways."""
    backend.replies["default"] = Reply(body=b"answer")
    with connect(f"{emulator.socket_url}/production") as socket:
        for _ in range(2):
            socket.send("one")
            socket.recv(timeout=5)
        overview = listen().overview(lambda data: data["open"] == 1)

    (row,) = overview["connections"]
    assert (row["messages_in"], row["messages_out"], row["state"]) == (2, 2, "open")
    assert (row["api_id"], row["stage"], row["ip"]) == (api_id, "production", "127.0.0.1")
    assert row["connected_at"] <= row["last_active_at"] <= overview["now"]


def test_connecting(emulator: RunningEmulator, listen: Listen) -> None:
    """Nothing is open at first."""
    assert listen().next("overview").data["connections"] == []


def test_closed_connections_go(emulator: RunningEmulator, listen: Listen, api_id: str) -> None:
    """A connection that closes leaves the list while somebody looks on."""
    page = listen()
    with connect(f"{emulator.socket_url}/production"):
        page.overview(lambda data: data["open"] == 1)

    assert page.overview(lambda data: data["open"] == 0)["connections"] == []


def test_many_connections(emulator: RunningEmulator, listen: Listen, api_id: str) -> None:
    """The list is bounded, the newest first; the number is not."""
    count = CONNECTIONS_SHOWN + 3
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(connect(f"{emulator.socket_url}/production", compression=None))
        overview = listen().overview(lambda data: data["open"] == count)
        newest = emulator.connections()[-1].connection_id

    assert len(overview["connections"]) == CONNECTIONS_SHOWN
    assert overview["connections"][0]["id"] == newest


def test_deployed(listen: Listen, api_id: str) -> None:
    """A stage that runs what the API is has no undeployed change."""
    (api,) = listen().next("overview").data["apis"]

    assert [(stage["name"], stage["changes"]) for stage in api["stages"]] == [("production", [])]
    assert [(route["key"], route["two_way"]) for route in api["routes"]][-1] == ("$default", True)


def test_undeployed_change(control: Any, listen: Listen, backend: Backend, api_id: str) -> None:
    """A route made after the deployment shows as a change, until it is deployed."""
    page = listen()
    add_route(control, api_id, "chat", backend)
    overview = page.overview(lambda data: data["apis"][0]["stages"][0]["changes"])
    control.create_deployment(ApiId=api_id, StageName="production")

    assert overview["apis"][0]["stages"][0]["changes"] == ["route chat is new"]
    assert page.overview(lambda data: not data["apis"][0]["stages"][0]["changes"])


def test_stage_without_deployment(control: Any, listen: Listen, api_id: str) -> None:
    """A stage that points at no deployment says so."""
    control.create_stage(ApiId=api_id, StageName="empty")
    (api,) = listen().next("overview").data["apis"]

    assert api["stages"][-1]["changes"] == ["nothing has been deployed to this stage"]


ROUTE = {"RouteKey": "chat", "TwoWay": False, "Integration": {"IntegrationUri": "http://a", "TimeoutInMillis": 1}}


@pytest.mark.parametrize(
    ("routes", "changes"),
    [
        ([ROUTE], []),
        ([], ["route chat was deleted"]),
        ([ROUTE, {**ROUTE, "RouteKey": "more"}], ["route more is new"]),
        ([{**ROUTE, "TwoWay": True}], ["route chat changed: TwoWay"]),
        ([{**ROUTE, "Integration": None}], ["route chat changed: Integration"]),
        (
            [{**ROUTE, "Integration": {"IntegrationUri": "http://b", "TimeoutInMillis": 1}}],
            ["route chat changed: Integration.IntegrationUri"],
        ),
    ],
)
def test_changes(routes: list[dict[str, Any]], changes: list[str]) -> None:
    """A sentence for each difference, by name."""
    settings = {"RouteSelectionExpression": "$request.body.action", "DisableExecuteApiEndpoint": False}

    assert undeployed_changes({**settings, "Routes": [ROUTE]}, {**settings, "Routes": routes}) == changes


def test_changed_setting() -> None:
    """The API's own settings are deployed as well."""
    before = {"RouteSelectionExpression": "$request.body.action", "DisableExecuteApiEndpoint": False, "Routes": []}
    after = {**before, "DisableExecuteApiEndpoint": True}

    assert undeployed_changes(before, after) == ["DisableExecuteApiEndpoint changed"]


def test_changes_hold_no_value() -> None:
    """Request parameters hold the shared secret: a change of one is told by name."""
    old = {**ROUTE, "Integration": {"RequestParameters": {"integration.request.header.X": "'old-secret'"}}}
    new = {**ROUTE, "Integration": {"RequestParameters": {"integration.request.header.X": "'new-secret'"}}}
    settings = {"RouteSelectionExpression": "", "DisableExecuteApiEndpoint": False}
    changes = undeployed_changes({**settings, "Routes": [old]}, {**settings, "Routes": [new]})

    assert changes == ["route chat changed: Integration.RequestParameters"]


def test_metrics(emulator: RunningEmulator, listen: Listen, api_id: str) -> None:
    """The figures have CloudWatch's names."""
    with connect(f"{emulator.socket_url}/production"):
        (row,) = listen().overview(lambda data: data["metrics"])["metrics"]

    assert (row["Dimensions"], row["ConnectCount"]) == ({"ApiId": api_id, "Stage": "production"}, 1)


def test_clock(emulator: RunningEmulator, listen: Listen) -> None:
    """A clock that has been put forward says by how much."""
    page = listen()
    before = page.next("overview").data
    emulator.advance(7_000)

    assert before["ahead"] == 0
    assert page.overview(lambda data: data["ahead"])["ahead"] == 7_000


def test_faults(browser: Browser, listen: Listen) -> None:
    """Every fault with what it does; those that are on have a value."""
    page = listen()
    browser.post("/_emulator/faults", {"name": "throttle-posts", "on": True, "value": 0.25})
    faults = page.overview(lambda data: any(fault["value"] is not None for fault in data["faults"]))["faults"]

    assert {fault["name"]: fault["value"] for fault in faults if fault["value"] is not None} == {"throttle-posts": 0.25}
    assert all(fault["sentence"].endswith(".") for fault in faults)
