"""Real calls: the engine of the tests is stopped after each, so that each gets the settings it asks for."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from gateway import aws
from gateway.messaging import loop
from gateway.models import ApiGateway, WebSocketSession
from gateway.testing.outbox import outbox
from tests.gateway.messaging.server import ManagementServer, running


@pytest.fixture
def websockets(settings: Any) -> Iterator[Callable[..., None]]:
    """Changes keys of the WEBSOCKETS setting."""

    def change(**keys: Any) -> None:
        settings.WEBSOCKETS = settings.WEBSOCKETS | keys

    yield change
    loop.close()
    aws.forget()


@pytest.fixture(params=["aiohttp", "boto3"])
def engine(request: Any, websockets: Callable[..., None]) -> str:
    """Both engines that really call."""
    websockets(TRANSPORT=request.param, SEND_TIMEOUT=5.0)
    return str(request.param)


@pytest.fixture
def aiohttp_engine(websockets: Callable[..., None]) -> None:
    websockets(TRANSPORT="aiohttp", SEND_TIMEOUT=5.0)


@pytest.fixture
def management() -> Iterator[ManagementServer]:
    with running() as server:
        yield server


@pytest.fixture(autouse=True)
def _empty_outbox() -> Iterator[None]:
    outbox.clear()
    yield
    outbox.clear()


def make_sessions(url: str, *connection_ids: str, age: float = 60, **fields: Any) -> list[WebSocketSession]:
    """Sessions of a gateway whose management API is at that URL."""
    gateway, _ = ApiGateway.objects.get_or_create(
        api_name=url, defaults={"target_base_endpoint": "https://www.example.com/ws/", "callback_url": url}
    )
    created_on = timezone.now() - timedelta(seconds=age)
    given = {"channel_name": "lobby", "api_gateway": gateway, "created_on": created_on} | fields
    return WebSocketSession.objects.bulk_create(
        [WebSocketSession(connection_id=one, **given) for one in connection_ids]
    )
