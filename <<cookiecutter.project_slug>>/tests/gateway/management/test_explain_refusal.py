"""`manage.py explain_refusal ID`."""

import io

import pytest
from django.core.management import CommandError, call_command

from gateway.exceptions import refusals
from gateway.explanations import REMEDIES, explain
from gateway.models import WebSocketRefusal
from gateway.testing import WebSocketClient


def told(*refusal_id: str) -> str:
    output = io.StringIO()
    call_command("explain_refusal", *refusal_id, stdout=output)
    return output.getvalue()


def test_says_what_why_and_what_helps(client: WebSocketClient) -> None:
    """Code, meaning, remedy, who, and what is known of the event."""
    refused = client.event("CONNECT", token=client.token(), connection_id="x=", channel="closed-room")

    text = told(refused["X-Refusal-Id"])

    assert "Connect refused with channel_forbidden (403)" in text
    assert "You may not join this channel." in text
    assert "ChannelPermission" in text
    assert "user: ann" in text
    assert "channel_name: closed-room" in text
    assert "request_id: RYG0LEicPHcFo_A=" in text


def test_takes_a_connection_id(client: WebSocketClient) -> None:
    """Which the browser's console or AWS's access log may have."""
    client.send({"handler": "nothing"})

    assert "handler_unknown" in told(client.connection_id)


def test_takes_the_latest_when_none_is_named(client: WebSocketClient) -> None:
    """Which is the one that somebody at a keyboard has just seen."""
    client.send({"handler": "nothing"})
    client.send("no JSON")

    assert "body_not_json" in told()


@pytest.mark.django_db
def test_says_that_nobody_was_refused() -> None:
    """When there is no latest one."""
    with pytest.raises(CommandError, match="Nobody has been refused"):
        told()


def test_explains_codes_of_older_versions(client: WebSocketClient) -> None:
    """A code that no longer exists is still a refusal."""
    WebSocketRefusal.objects.create(correlation_id="old", code="gone_code", kind="CONNECT")

    assert "gone_code" in told("old")


@pytest.mark.django_db
def test_unknown_id() -> None:
    """One sentence instead of a traceback."""
    with pytest.raises(CommandError, match="There is no refusal nothing"):
        told("nothing")


def test_every_refusal_has_a_remedy() -> None:
    """No code is left unexplained, and none is explained that there is not."""
    assert set(REMEDIES) == set(refusals())
    assert explain("rate_limited")[0].status == 429
