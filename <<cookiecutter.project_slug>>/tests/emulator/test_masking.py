"""What is shown of what went by holds no secret."""

import pytest

from emulator.clock import ManualClock
from emulator.journal import MAX_TEXT, Journal
from emulator.masking import SECRETS_KEPT, Masker


@pytest.mark.parametrize("name", ["Cookie", "Authorization", "X-Gateway-Secret", "X-Api-Key", "X-Auth-Token"])
def test_header(name: str) -> None:
    """Headers that carry secrets are shown by name only."""
    assert Masker().headers([(name, "s3cr3t"), ("Accept", "*/*")]) == [(name, "***"), ("Accept", "*/*")]


def test_url() -> None:
    """Of a query string only the names are shown."""
    assert Masker().url("http://backend/ws?a=1&b=2&c") == "http://backend/ws?a=***&b=***&c=***"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"ws_token": "abc", "text": "hi"}', '{"ws_token": "***", "text": "hi"}'),
        ('{"Password":"a\\"b"}', '{"Password":"***"}'),
        ('{"session_key": "cut off', '{"session_key": "***'),
        ('{"tokens": 5}', '{"tokens": 5}'),
        ("no JSON about a token", "no JSON about a token"),
    ],
)
def test_member(text: str, shown: str) -> None:
    """A member of a JSON message whose name says secret is shown by name only."""
    assert Masker().text(text) == shown


def test_secret_elsewhere() -> None:
    """A secret that came in a header or a query string is hidden wherever it reappears."""
    masker = Masker()
    masker.headers([("X-Gateway-Secret", "a-long-secret")])
    masker.url("http://backend/ws?ws_token=a-long-token")

    assert masker.text("got a-long-secret and a-long-token") == "got *** and ***"


def test_secrets_inside_a_header() -> None:
    """A cookie's value and a bearer token are found without the name that stood before them."""
    masker = Masker()
    masker.headers([("Cookie", "sessionid=key-of-a-session; theme=dark"), ("Authorization", "Bearer abc.def.ghi")])

    assert masker.text("sessionid key-of-a-session, abc.def.ghi, dark") == "sessionid ***, ***, dark"


def test_secret_in_use_is_not_forgotten() -> None:
    """However many tokens come and go, the secret of every call stays hidden."""
    masker = Masker()
    for number in range(2 * SECRETS_KEPT):
        masker.headers([("X-Gateway-Secret", "a-long-secret")])
        masker.url(f"http://backend/ws?ws_token=token-number-{number}")

    assert masker.text("a-long-secret") == "***"


def test_end_of_a_shown_text() -> None:
    """A secret that lies across the end of what is shown does not show its beginning."""
    journal = Journal(ManualClock())
    secret = "s" * 40
    journal.masker.headers([("Cookie", secret)])

    shown = journal.shown("x" * (MAX_TEXT - 20) + secret + "y" * 5_000)

    assert "s" * 8 not in shown.partition("...")[0]
