"""What `manage.py check --deploy` finds, and that it finds nothing in the project as it ships."""

from typing import Any

import pytest
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from django.urls import path

from gateway.checks import is_weak
from gateway.conf import conf
from gateway.routing import handler
from gateway.views import WebSocketView

GOOD = {
    "SECRETS": ["qM3vX9sK2pL8wE5rT7yU1iO4aS6dF0gH"],  # pragma: allowlist secret (of no site)
    "ALLOWED_ORIGINS": ["https://www.example.com"],
    "REGION": "eu-central-1",
    "APIGATEWAYV2_ENDPOINT": "",
    "MANAGEMENT_ENDPOINT": "",
    "ALLOW_UNLISTED_CHANNELS": False,
}


def found() -> set[str]:
    """Ids of this app's messages."""
    messages = checks.run_checks(include_deployment_checks=True, databases=[])
    return {str(message.id).removeprefix("gateway.") for message in messages if str(message.id).startswith("gateway.")}


@pytest.fixture(autouse=True)
def _good(settings: Any) -> None:
    settings.WEBSOCKETS = settings.WEBSOCKETS | GOOD
    settings.SECURE_SSL_REDIRECT = True


@pytest.mark.parametrize("key", ["SECRETS", "ALLOWED_ORIGINS"])
def test_one_text_is_no_list(settings: Any, key: str) -> None:
    """Its letters would be the secrets: a caller who sends any one of them would be let in."""
    settings.WEBSOCKETS = settings.WEBSOCKETS | {key: GOOD[key][0]}

    with pytest.raises(ImproperlyConfigured, match=f"{key}.*write a list"):
        conf()


def test_nothing_is_wrong() -> None:
    """A project with its own secret, origin and region is fine."""
    assert found() == set()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"SECRETS": []}, "E010"),
        ({"SECRETS": ["short"]}, "E011"),
        ({"SECRETS": [GOOD["SECRETS"][0], "a" * 64]}, "E011"),
        ({"ALLOW_UNLISTED_CHANNELS": True}, "W012"),
        ({"ALLOWED_ORIGINS": []}, "E013"),
        ({"ALLOWED_ORIGINS": ["www.example.com"]}, "E014"),
        ({"ALLOWED_ORIGINS": ["https://*.example.com"]}, "E014"),
        ({"ALLOWED_ORIGINS": ["https://www.example.com/chat"]}, "E014"),
        ({"REGION": ""}, "E018"),
        ({"APIGATEWAYV2_ENDPOINT": "http://127.0.0.1:8001"}, "E019"),
        ({"MANAGEMENT_ENDPOINT": "http://localhost:8001"}, "E019"),
    ],
)
def test_websockets_setting(settings: Any, change: dict[str, Any], message: str) -> None:
    """Each mistake in the setting has its message."""
    settings.WEBSOCKETS = settings.WEBSOCKETS | change

    assert found() == {message}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("SESSION_ENGINE", "django.contrib.sessions.backends.cache", "W016"),
        ("SESSION_ENGINE", "django.contrib.sessions.backends.signed_cookies", "W016"),
        ("SECURE_REDIRECT_EXEMPT", [], "W020"),
        ("SECURE_REDIRECT_EXEMPT", [r"^healthz$", r"^readyz$"], "W020"),
        ("PREPEND_WWW", True, "W021"),
    ],
)
def test_django_settings(settings: Any, name: str, value: Any, message: str) -> None:
    """So have those of Django's settings that do not go together with API Gateway."""
    setattr(settings, name, value)

    assert found() == {message}


@pytest.mark.parametrize("engine", ["db", "cached_db"])
def test_session_engines_whose_end_can_be_seen(settings: Any, engine: str) -> None:
    """Sessions with a row in the database are fine."""
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"

    assert found() == set()


@pytest.mark.parametrize(
    ("database", "message"),
    [
        ({"ENGINE": "django.db.backends.postgresql"}, {"W017"}),
        ({"ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": 600}, set()),
        ({"ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": None}, set()),
        ({"ENGINE": "django.db.backends.postgresql", "OPTIONS": {"pool": True}}, set()),
        ({"ENGINE": "django.db.backends.sqlite3"}, set()),
    ],
)
def test_persistent_connections(settings: Any, database: dict[str, Any], message: set[str]) -> None:
    """A new database connection for every event is worth a warning."""
    settings.DATABASES = {"default": database}

    assert found() == message


class Careless(WebSocketView):
    USE_WS_TOKEN = False
    ALLOWED_HANDLERS = frozenset({"default", "missing", "dispatch", "_hidden"})


urlpatterns = [path("ws/<slug:route>", Careless.as_view(), name="websocket")]


@override_settings(ROOT_URLCONF="tests.gateway.test_checks")
def test_a_careless_view() -> None:
    """Handlers that do not exist or belong to the engine, and tokens turned off."""
    assert found() == {"E002", "E003", "W015"}


class Shadowed(WebSocketView):
    @handler
    def event(self, *_: Any) -> None: ...


class Shadows:
    urlpatterns = (path("ws/<slug:route>", Shadowed.as_view(), name="websocket"),)


def test_a_handler_that_no_message_reaches(settings: Any) -> None:
    """`self.event` is what API Gateway said, so a method of that name would never be called."""
    settings.ROOT_URLCONF = Shadows

    assert found() == {"E002"}


class Slashed:
    urlpatterns = (path("ws/<slug:route>/", WebSocketView.as_view(), name="websocket"),)


class Elsewhere:
    urlpatterns = (path("sockets/<slug:route>", WebSocketView.as_view(), name="websocket"),)


@pytest.mark.parametrize(("urls", "hint"), [(Slashed, "APPEND_SLASH"), (Elsewhere, "Add path(")])
def test_events_arrive_nowhere(settings: Any, urls: Any, hint: str) -> None:
    """A slash too many, or another path than the integrations': events would meet a redirect or a 404."""
    settings.ROOT_URLCONF = urls

    messages = [message for message in checks.run_checks(databases=[]) if message.id == "gateway.E001"]

    assert len(messages) == 1
    assert hint in messages[0].hint


@pytest.mark.parametrize(
    ("secret", "weak"), [("", True), ("x" * 100, True), ("abc" * 20, True), (GOOD["SECRETS"][0], False)]
)
def test_weak_secrets(secret: str, weak: bool) -> None:
    """Short, or long and monotonous."""
    assert is_weak(secret) is weak
