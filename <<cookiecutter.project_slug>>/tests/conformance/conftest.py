"""One target for all tests: making an API on AWS takes a while. Tests share it, and tell their connections apart by id."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.conformance.target import Api, Socket, Target, bare_api, full_api, running_target

SLOW = "CONFORMANCE_SLOW"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that wait for minutes are left out unless `CONFORMANCE_SLOW` is set."""
    if os.environ.get(SLOW):
        return
    waiting = [item for item in items if "waits_for_minutes" in item.fixturenames]
    config.hook.pytest_deselected(items=waiting)
    items[:] = [item for item in items if item not in waiting]


@pytest.fixture
def waits_for_minutes() -> None:
    """Named by tests that take minutes of real time: there is no other way on AWS."""


@pytest.fixture(scope="session")
def target() -> Iterator[Target]:
    with running_target() as target:
        yield target


@pytest.fixture(scope="session")
def api(target: Target) -> Api:
    """The API with every kind of route."""
    api = full_api(target)
    target.wait_until_live(api)
    return api


@pytest.fixture(scope="session")
def bare(target: Target) -> Api:
    """The API with one route of its own and none of AWS's three."""
    bare = bare_api(target)
    target.wait_until_live(bare)
    return bare


@pytest.fixture
def dial(target: Target, api: Api) -> Iterator[Callable[..., Socket]]:
    """Opens sockets: `dial({"status": 204}, origin="https://...")`; all of them are closed in the end."""
    with ExitStack() as stack:

        def dial(query: dict[str, object] | None = None, **options: Any) -> Socket:
            socket = Socket(target, api, query, **options)
            stack.enter_context(socket.client)
            return socket

        yield dial


@pytest.fixture
def management(target: Target, api: Api) -> Any:
    """The management API of `api`."""
    return target.management(api)
