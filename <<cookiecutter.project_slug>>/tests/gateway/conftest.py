"""What the tests of the engine share: an empty outbox, a person, and a connection."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from gateway.guards import directory
from gateway.testing import WebSocketClient, outbox


@pytest.fixture(autouse=True)
def _nothing_left_over() -> Iterator[None]:
    """Outbox and caches belong to the process; each test begins with empty ones."""
    outbox.clear()
    directory.forget()
    yield
    outbox.clear()
    directory.forget()


@pytest.fixture
def ann(db: None) -> Any:
    """A person who may sign in."""
    return get_user_model().objects.create_user("ann", password="ann's password")


@pytest.fixture
def client(ann: Any) -> WebSocketClient:
    """Ann's connection, open."""
    client = WebSocketClient(ann)
    client.connect()
    return client
