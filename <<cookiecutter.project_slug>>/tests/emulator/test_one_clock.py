"""Django and the emulator on one clock."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils import timezone
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection

from emulator.clock import ManualClock
from gateway.models import ApiGateway, WebSocketSession, WebSocketToken
from gateway.testing import WebSocketClient
from gateway.testing.clock import django_reads
from gateway.testing.emulator import RunningEmulator

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START.timestamp())


def test_now(clock: ManualClock) -> None:
    """Django's time is the clock's, and goes on with it."""
    with django_reads(clock):
        clock.advance(60)

        assert timezone.now() == START + timedelta(minutes=1)


def test_default_of_a_field(clock: ManualClock) -> None:
    """A model whose default is the function itself, held since the class was made, follows too."""
    with django_reads(clock):
        assert WebSocketToken().created_on == START


def test_other_threads(clock: ManualClock) -> None:
    """So does the live server, which is another thread."""
    seen = []
    with django_reads(clock):
        thread = threading.Thread(target=lambda: seen.append(timezone.now()))
        thread.start()
        thread.join()

    assert seen == [START]


def test_naive_times(clock: ManualClock, settings: object) -> None:
    """Without USE_TZ it is local time without a zone, as Django has it."""
    settings.USE_TZ = False  # type: ignore[attr-defined]
    with django_reads(clock):
        assert timezone.now() == datetime.fromtimestamp(START.timestamp())


def test_afterwards(clock: ManualClock) -> None:
    """Afterwards Django's time is the machine's again, also when the block failed."""
    with pytest.raises(RuntimeError), django_reads(clock):
        raise RuntimeError

    assert timezone.now() > START


def test_the_fixture_moves_both(api_gateway: RunningEmulator) -> None:
    """One call moves API Gateway and Django by the same time."""
    before, django_before = api_gateway.now(), timezone.now()

    api_gateway.advance(hours=2, minutes=1, seconds=1)

    passed = timedelta(hours=2, minutes=1, seconds=1)
    assert api_gateway.now() - before >= passed.total_seconds()
    assert timezone.now() - django_before >= passed


@pytest.fixture
def ann(provisioned_gateway: ApiGateway) -> WebSocketClient:
    return WebSocketClient(get_user_model().objects.create_user("ann"), gateway=provisioned_gateway)


@pytest.fixture
def dial(
    provisioned_gateway: ApiGateway, websocket_client: Callable[..., ClientConnection]
) -> Callable[[str], ClientConnection]:
    """Opens a socket with a token."""
    origin = settings.WEBSOCKETS["ALLOWED_ORIGINS"][0]
    return lambda token: websocket_client(f"{provisioned_gateway.socket_url}?ws_token={token}", origin=origin)


def test_token_lifetime(
    api_gateway: RunningEmulator, ann: WebSocketClient, dial: Callable[[str], ClientConnection]
) -> None:
    """A token that waited longer than a minute opens nothing."""
    token = ann.token()

    api_gateway.advance(seconds=61)

    with pytest.raises(InvalidStatus, match="401"):
        dial(token)


def test_end_of_a_login(api_gateway: RunningEmulator, ann: WebSocketClient) -> None:
    """When a login has expired it opens no connection any more."""
    api_gateway.advance(seconds=settings.SESSION_COOKIE_AGE + 1)

    assert ann.token() == ""


def test_age_of_a_session(
    api_gateway: RunningEmulator, ann: WebSocketClient, dial: Callable[[str], ClientConnection]
) -> None:
    """`$disconnect` was lost: after two hours Django believes nobody connected any more."""
    api_gateway.faults.turn_on("lose-disconnect")
    dial(ann.token())
    assert WebSocketSession.objects.deliverable().count() == 1

    api_gateway.advance(hours=2)

    assert WebSocketSession.objects.deliverable().count() == 0


def test_disconnects_have_come(
    api_gateway: RunningEmulator, ann: WebSocketClient, dial: Callable[[str], ClientConnection]
) -> None:
    """When time has passed, Django has heard of the connections that ended in it: nobody has to wait for that."""
    dial(ann.token())

    api_gateway.advance(minutes=10)

    assert not WebSocketSession.objects.get().connected
