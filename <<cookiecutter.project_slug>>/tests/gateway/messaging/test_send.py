"""Sending, from a queryset to the wire."""

import json

import pytest

from gateway.models import WebSocketSession
from gateway.testing.outbox import outbox
from tests.gateway.messaging.conftest import make_sessions
from tests.gateway.messaging.server import GONE, Call, ManagementServer

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("engine")
def test_reaches_one_connection(management: ManagementServer) -> None:
    """A message to one session is one POST with the message as JSON."""
    (session,) = make_sessions(management.url, "abc=")

    delivery = session.send_message({"type": "hello", "to": "Zoë"})

    assert (delivery.sent, delivery.total, delivery.not_sent) == (1, 1, {})
    assert json.loads(management.bodies("abc=")[0]) == {"type": "hello", "to": "Zoë"}


@pytest.mark.usefixtures("engine")
def test_reaches_everybody_once(management: ManagementServer) -> None:
    """A broadcast makes exactly one call for each session."""
    ids = [f"id{n}=" for n in range(2500)]
    make_sessions(management.url, *ids)

    delivery = WebSocketSession.objects.all().send_message({"type": "hello"})

    assert delivery.sent == 2500
    assert management.counts() == dict.fromkeys(ids, 1)


@pytest.mark.usefixtures("engine")
def test_prunes_the_gone(management: ManagementServer) -> None:
    """Connections answered 410 are counted, listed, and marked as disconnected in the same send."""
    make_sessions(management.url, "here", "gone")

    async def one_is_gone(call: Call, _: object) -> tuple[int, str, str]:
        return GONE if call.connection_id == "gone" else (200, "", "")

    management.behaviour = one_is_gone
    delivery = WebSocketSession.objects.all().send_message({"type": "hello"})

    assert (delivery.sent, delivery.gone, delivery.not_sent) == (1, 1, {"gone": ["gone"]})
    assert list(WebSocketSession.objects.filter(connected=True).values_list("connection_id", flat=True)) == ["here"]


def test_fills_the_outbox() -> None:
    """With the memory transport messages land in the outbox."""
    make_sessions("https://nowhere.example/production", "abc=")

    WebSocketSession.objects.all().send_message({"type": "hello"})

    assert outbox.to("abc=") == [{"type": "hello"}]
