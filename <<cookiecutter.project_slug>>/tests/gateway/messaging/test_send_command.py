"""`manage.py send_websocket_message`."""

from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from gateway.testing.outbox import outbox
from tests.gateway.messaging.conftest import make_sessions

pytestmark = pytest.mark.django_db
HELLO = '{"type": "notice", "message": "Hello"}'


@pytest.fixture(autouse=True)
def _everybody() -> None:
    alice = get_user_model().objects.create_user("alice")
    make_sessions("https://nowhere.example/production", "a1", "a2", user=alice)
    make_sessions("https://nowhere.example/production", "b1", channel_name="side")


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def run(*arguments: str, out: StringIO | None = None, **options: Any) -> str:
    out = out or StringIO()
    call_command("send_websocket_message", *arguments, stdout=out, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("target", "reached"),
    [
        (["--connection", "b1"], {"b1"}),
        (["--user", "alice"], {"a1", "a2"}),
        (["--channel", "side"], {"b1"}),
        (["--all"], {"a1", "a2", "b1"}),
    ],
)
def test_reaches_its_target(target: list[str], reached: set[str]) -> None:
    """One connection, all of a user, all in a channel, or everybody."""
    said = run(HELLO, *target)

    assert {sent.connection_id for sent in outbox} == reached
    assert said == f"sent {len(reached)}, gone 0, throttled 0, failed 0\n"


def test_shows_a_bar_on_a_terminal() -> None:
    """Progress is for people: there is none in a pipe."""
    assert "3/3" in run(HELLO, "--all", out=Terminal())
    assert "3/3" not in run(HELLO, "--all")


@pytest.mark.parametrize(
    ("message", "reason"),
    [("{", "not JSON"), ("[1]", "a dict"), ('{"a": NaN}', "JSON"), ('{"a": "' + "x" * 131_072 + '"}', "131072")],
)
def test_refuses_what_is_no_message(message: str, reason: str) -> None:
    """Before anybody is sent to."""
    with pytest.raises(CommandError, match=reason):
        run(message, "--all")

    assert len(outbox) == 0


def test_says_when_nobody_matches() -> None:
    """An empty target is an error: it is usually a typing error."""
    with pytest.raises(CommandError, match="Nobody"):
        run(HELLO, "--channel", "nowhere")


def test_fails_when_somebody_was_not_sent_to() -> None:
    """A script must notice."""
    outbox.answer("a1", 400, "BadRequestException")

    with pytest.raises(CommandError, match="Not everybody"):
        run(HELLO, "--all")

    assert {sent.connection_id for sent in outbox} == {"a2", "b1"}
