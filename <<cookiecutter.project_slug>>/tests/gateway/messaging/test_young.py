"""A connection whose `$connect` has not returned is not a dead one."""

import pytest

from gateway.models import WebSocketSession
from tests.gateway.messaging import behaviours
from tests.gateway.messaging.conftest import make_sessions
from tests.gateway.messaging.server import GONE, ManagementServer

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("engine")
def test_is_tried_again_shortly(management: ManagementServer) -> None:
    """A 410 that passes within a second costs no message."""
    make_sessions(management.url, "new", age=1)
    management.behaviour = behaviours.gone_first(2)

    assert WebSocketSession.objects.all().send_message({"type": "hello"}).sent == 1


@pytest.mark.usefixtures("engine")
def test_is_never_pruned(management: ManagementServer) -> None:
    """If the 410 stays it is reported failed, and believed connected."""
    make_sessions(management.url, "new", age=1)
    management.behaviour = behaviours.always(GONE)

    delivery = WebSocketSession.objects.all().send_message({"type": "hello"})

    assert delivery.not_sent == {"failed": ["new"]}
    assert WebSocketSession.objects.filter(connected=True).count() == 1


@pytest.mark.usefixtures("engine")
def test_grows_up(management: ManagementServer) -> None:
    """From thirty seconds on a 410 means what it says."""
    make_sessions(management.url, "old", age=31)
    management.behaviour = behaviours.always(GONE)

    assert WebSocketSession.objects.all().send_message({"type": "hello"}).not_sent == {"gone": ["old"]}
    assert len(management.calls) == 1


@pytest.mark.usefixtures("aiohttp_engine")
def test_is_closed_once_it_is_there(management: ManagementServer) -> None:
    """A login may end during `$connect`: its socket is closed as soon as API Gateway knows it."""
    make_sessions(management.url, "new", age=1)
    management.behaviour = behaviours.gone_first(5)

    WebSocketSession.objects.all().close("login_ended")
    management.wait_for(lambda calls: len(calls) == 6)

    assert [call.method for call in management.calls] == ["POST"] * 4 + ["DELETE"] * 2
