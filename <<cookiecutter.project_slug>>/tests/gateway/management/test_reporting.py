"""What the clean-up commands say, and when."""

import io

import pytest
from django.core.management import call_command

COMMANDS = ("clear_websocket_sessions", "cleanup_websocket_tokens", "cleanup_rate_limits")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.django_db
@pytest.mark.parametrize("command", COMMANDS)
def test_at_a_terminal_it_says_what_there_is_to_do_before_it_does_it(command: str) -> None:
    """It may take minutes."""
    output = Terminal()

    call_command(command, stdout=output)

    before, after = output.getvalue().splitlines()
    assert before.startswith("There are 0 ")
    assert after.startswith("0 ")


@pytest.mark.django_db
@pytest.mark.parametrize("command", COMMANDS)
def test_to_a_log_it_says_what_it_did(command: str) -> None:
    """One line each quarter of an hour."""
    output = io.StringIO()

    call_command(command, stdout=output)

    assert len(output.getvalue().splitlines()) == 1
