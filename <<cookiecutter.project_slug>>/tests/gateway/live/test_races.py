"""Exact under load: several processes, one database, everything at once."""

import secrets
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from django.utils import timezone

from gateway.conf import conf
from gateway.events import hash_of
from gateway.models import ConnectionRateLimit, RateLimitSubject, WebSocketSession, WebSocketToken
from gateway.testing import make_headers
from gateway.testing.client import a_gateway
from gateway.wire import EventKind
from tests.gateway.live.site import Answer, Site, at_once, running_site

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

TRIALS = 10


@pytest.fixture(scope="module")
def site(django_db_setup: None) -> Iterator[Site]:
    """Four processes with four threads each."""
    with running_site(workers=4, threads=4) as site:
        yield site


@pytest.fixture(autouse=True)
def _gateway(transactional_db: None) -> None:
    a_gateway()


def people(count: int, prefix: str = "user") -> list[Any]:
    """Users that are there."""
    model = get_user_model()
    return model.objects.bulk_create([model(username=f"{prefix}{number}", password="!") for number in range(count)])


def logins(count: int) -> list[str]:
    """Keys of Django sessions that are there."""
    keys = []
    for _ in range(count):
        store = SessionStore()
        store.create()
        keys.append(store.session_key)
    return keys


def tokens(users: list[Any], keys: list[str]) -> list[str]:
    """One good token for each user."""
    texts = [secrets.token_urlsafe(32) for _ in users]
    WebSocketToken.objects.bulk_create(
        WebSocketToken(
            token_hash=hash_of(text),
            user=user,
            session_key_hash=hash_of(key),
            auth_hash=user.get_session_auth_hash(),
        )
        for text, user, key in zip(texts, users, keys, strict=True)
    )
    return texts


def connect(site: Site, token: str, connection_id: str, source_ip: str) -> Answer:
    headers = make_headers(
        kind=EventKind.CONNECT, connection_id=connection_id, source_ip=source_ip, origin="https://www.example.com"
    )
    return site.post(f"/ws/connect?ws_token={token}", headers)


def test_fifty_connects_of_one_address(site: Site) -> None:
    """At a limit of 20 exactly 20 of 50 parallel connects are admitted, every time."""
    users, keys = people(50), logins(50)

    admitted = []
    for trial in range(TRIALS):
        RateLimitSubject.objects.all().delete()  # the users are the same in each trial; the address is not
        texts = tokens(users, keys)
        ip = f"198.51.100.{trial}"
        answers = at_once(
            [partial(connect, site, text, f"t{trial}n{number}=", ip) for number, text in enumerate(texts)]
        )
        admitted.append(sum(answer.status == 200 for answer in answers))
        assert {answer.status for answer in answers} == {200, 429}
        assert ConnectionRateLimit.objects.filter(ip_address=ip, successful=True).count() == 20

    assert admitted == [20] * TRIALS
    assert WebSocketSession.objects.filter(connected=True).count() == 20 * TRIALS


def test_fifty_connects_of_one_user_from_many_addresses(site: Site) -> None:
    """The user's limit is as exact as the address's, and what it refuses uses up no address's limit."""
    user, key = people(1)[0], logins(1)[0]
    texts = tokens([user] * 50, [key] * 50)

    answers = at_once(
        [partial(connect, site, text, f"n{number}=", f"198.51.100.{number}") for number, text in enumerate(texts)]
    )

    assert sum(answer.status == 200 for answer in answers) == 20
    used = [row for row in RateLimitSubject.objects.filter(subject__contains=":ip:") if row.instants]
    assert len(used) == 20


def test_one_token_in_twenty_connects(site: Site) -> None:
    """A token is redeemed by exactly one of 20 parallel connects."""
    users, keys = people(TRIALS), logins(TRIALS)

    for trial, text in enumerate(tokens(users, keys)):
        answers = at_once(
            [partial(connect, site, text, f"t{trial}n{number}=", f"203.0.{trial}.{number}") for number in range(20)]
        )
        assert sorted(answer.status for answer in answers) == [200] + [401] * 19

    assert WebSocketSession.objects.filter(connected=True).count() == TRIALS


def test_one_connection_id_in_twenty_connects(site: Site) -> None:
    """A connection id is admitted once, and the others are refused without a fault."""
    users, keys = people(20), logins(20)
    texts = tokens(users, keys)

    answers = at_once([partial(connect, site, text, "same=", f"203.0.113.{n}") for n, text in enumerate(texts)])

    assert sorted(answer.status for answer in answers) == [200] + [400] * 19


def test_a_hundred_token_requests(site: Site) -> None:
    """Exactly 10 tokens are issued to one user in a minute; the others are told when to come back."""
    browser = Client()
    browser.force_login(people(1)[0])
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME].value
    csrf = secrets.token_hex(16)
    headers = {
        "Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}; {settings.CSRF_COOKIE_NAME}={csrf}",
        "X-CSRFToken": csrf,
        "Host": "127.0.0.1",
    }

    answers = at_once([partial(site.post, "/api/ws-token/", headers) for _ in range(100)])

    assert sum(answer.status == 200 for answer in answers) == 10
    assert WebSocketToken.objects.count() == 10
    refused = [answer for answer in answers if answer.status == 429]
    assert len(refused) == 90
    assert all(1 <= int(answer.headers["Retry-After"]) <= 60 for answer in refused)


def test_messages_of_one_connection(site: Site) -> None:
    """The message rate is exact for any number of workers."""
    user, key = people(1)[0], logins(1)[0]
    connect(site, tokens([user], [key])[0], "busy=", "203.0.113.1")
    WebSocketSession.objects.update(auth_hash=user.get_session_auth_hash())
    message = partial(site.post, "/ws/default", make_headers(connection_id="busy="), b'{"id": 1}')

    answers = at_once([message] * 100)

    rate = conf().MESSAGE_RATE
    assert sum(answer.data["type"] == "echo" for answer in answers) == rate
    assert {answer.data["code"] for answer in answers if answer.data["type"] == "error"} <= {
        "message_rate_limited",
        "login_ended",
    }


def test_disconnects_of_one_connection(site: Site) -> None:
    """However many times it is told, a connection ends once; and an id that ended is never connected again."""
    user, key = people(1)[0], logins(1)[0]
    text = tokens([user], [key])[0]
    headers = make_headers(kind=EventKind.DISCONNECT, connection_id="ends=", disconnect_code=1001)
    end = partial(site.post, "/ws/disconnect", headers)

    answers = at_once([end] * 10 + [partial(connect, site, text, "ends=", "203.0.113.1")] + [end] * 10)

    assert {answer.status for answer in answers} <= {200, 400}
    session = WebSocketSession.objects.get()
    assert not session.connected
    assert session.disconnected_on > timezone.now() - timedelta(minutes=1)
