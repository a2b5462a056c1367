"""What the environment makes of the settings."""

import os
import subprocess
import sys

import pytest
from django.conf import settings


def printed(script: str, **environment: str) -> str:
    """What a process of its own says, whose settings are those of a server unless the environment says otherwise."""
    server = {"DJANGO_SETTINGS_MODULE": "config.settings", "DJANGO_DEBUG": "false"}
    finished = subprocess.run(
        [sys.executable, "-c", f"import django\nfrom django.conf import settings\ndjango.setup()\n{script}"],
        cwd=settings.BASE_DIR,
        env=os.environ | server | environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return finished.stdout + finished.stderr


def test_a_blank_behind_a_comma() -> None:
    """It belongs to no secret: a second one that never matches would show on the day of the rotation."""
    told = printed(
        "print(settings.WEBSOCKETS['SECRETS'], settings.ALLOWED_HOSTS)",
        WEBSOCKET_SECRETS="new, old",
        DJANGO_ALLOWED_HOSTS="a.example.com, b.example.com",
    )

    assert told == "['new', 'old'] ['a.example.com', 'b.example.com']\n"


def test_a_line_of_django_s_is_said_once() -> None:
    """By our handler, which cuts query strings out; Django's own one would say it a second time, in full."""
    script = "import logging\nlogging.getLogger('django.security').error('said of /?ws_token=abc')"

    told = printed(script, DJANGO_DEBUG="true")

    assert told.count("said of") == 1
    assert "abc" not in told


def test_a_database_that_cannot_be_reached_shows_in_time() -> None:
    """Before API Gateway gives an event up; the address may choose another time."""
    script = "print(settings.DATABASES['default']['OPTIONS']['connect_timeout'])"

    assert printed(script, DATABASE_URL="postgres://a:b@127.0.0.1/c") == "5\n"
    assert printed(script, DATABASE_URL="postgres://a:b@127.0.0.1/c?connect_timeout=2") == "2\n"


@pytest.mark.parametrize(
    ("region", "address"),
    [
        ("eu-central-1", "wss://*.execute-api.eu-central-1.amazonaws.com"),
        ("cn-north-1", "wss://*.execute-api.cn-north-1.amazonaws.com.cn"),
        ("eusc-de-east-1", "wss://*.execute-api.eusc-de-east-1.amazonaws.eu"),
    ],
)
def test_pages_may_open_the_sockets_of_their_region(region: str, address: str) -> None:
    """The custom domain's and API Gateway's own, which ends with its partition's suffix; and nothing else."""
    script = "print(settings.CONTENT_SECURITY_POLICY['DIRECTIVES']['connect-src'])"

    assert printed(script, AWS_REGION=region) == f"{[chr(39) + 'self' + chr(39), 'wss://ws.example.com', address]}\n"


def test_without_a_region_there_is_no_address_of_api_gateway_s() -> None:
    """`*.execute-api.*` would be no valid source: browsers leave it out, and say so on every page."""
    assert "execute-api" not in printed("print(settings.CONTENT_SECURITY_POLICY)", AWS_REGION="")


def test_passwords_are_kept_by_argon2() -> None:
    """The slow hash that is hardest to guess on graphics cards. Tests use a quick one, so this asks the site's own settings."""
    script = "from django.contrib.auth.hashers import make_password\nprint(make_password('a new password'))"

    assert printed(script).startswith("argon2$argon2id$")


@pytest.mark.parametrize(("text", "debug"), [("true", True), ("ON", True), (" no ", False), ("", False)])
def test_what_is_true_and_what_is_not(text: str, debug: bool) -> None:
    """However it is spelled."""
    assert printed("print(settings.DEBUG)", DJANGO_DEBUG=text) == f"{debug}\n"


def test_neither_true_nor_false() -> None:
    """A slip would otherwise be taken for no, and a laptop for a server."""
    with pytest.raises(subprocess.CalledProcessError) as caught:
        printed("", DJANGO_DEBUG="ture")

    assert caught.value.stderr.endswith("ImproperlyConfigured: DJANGO_DEBUG is 'ture'. Give true or false.\n")
