"""What staff see of connections, tokens, attempts and refusals, and what they can do."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gateway.models import (
    ChannelPermission,
    ConnectionRateLimit,
    WebSocketRefusal,
    WebSocketSession,
    WebSocketToken,
)
from gateway.testing import WebSocketClient, outbox

pytestmark = pytest.mark.django_db

LISTS = {
    "websocketsession": WebSocketSession,
    "websockettoken": WebSocketToken,
    "connectionratelimit": ConnectionRateLimit,
    "websocketrefusal": WebSocketRefusal,
}


@pytest.fixture
def staff(db: None) -> Client:
    browser = Client()
    browser.force_login(get_user_model().objects.create_superuser("root", password="x"))
    return browser


def people(first: int, count: int) -> Iterator[WebSocketClient]:
    for number in range(first, first + count):
        user = get_user_model().objects.create_user(f"user{number}", password="x")
        client = WebSocketClient(user, source_ip=f"198.51.100.{number}")
        client.connect()
        client.send({"handler": "nothing"})
        yield client


@pytest.mark.parametrize("name", LISTS)
def test_a_list_costs_a_constant_number_of_statements(staff: Client, name: str) -> None:
    """Ten rows more, not one statement more."""
    list(people(0, 2))
    staff.get(f"/admin/gateway/{name}/")
    with CaptureQueriesContext(
        connection,
    ) as few:
        staff.get(f"/admin/gateway/{name}/")
    list(people(2, 10))
    with CaptureQueriesContext(connection) as many:
        response = staff.get(f"/admin/gateway/{name}/")

    assert response.content.count(b"user1") >= 1
    assert len(many) == len(few)


@pytest.mark.parametrize("name", LISTS)
def test_no_list_looks_through_a_whole_table_twice(staff: Client, name: str) -> None:
    """These tables grow to millions of rows: they are counted once, and nothing is gathered from all of their rows."""
    list(people(0, 2))
    with CaptureQueriesContext(connection) as made:
        staff.get(f"/admin/gateway/{name}/", {"q": "user1"})

    statements = [query["sql"] for query in made if f"gateway_{name}" in query["sql"]]
    assert sum("COUNT(" in statement for statement in statements) == 1
    assert not any("DISTINCT" in statement for statement in statements)


@pytest.mark.parametrize(("name", "field"), [("websocketsession", "closing_code"), ("websocketrefusal", "code")])
def test_a_filter_offers_the_known_codes(staff: Client, name: str, field: str) -> None:
    """Whether or not a row has them."""
    assert f"?{field}=login_ended" in staff.get(f"/admin/gateway/{name}/").content.decode()


@pytest.mark.parametrize("code", ["disconnected_by_staff", "a_code_of_your_own"])
def test_filter_by_closing_code(staff: Client, code: str) -> None:
    """A code that is not offered can still be asked for in the address, and searched for."""
    chosen, other = people(0, 2)
    WebSocketSession.objects.filter(pk=chosen.session.pk).update(closing_code=code)

    for question in ({"closing_code": code}, {"q": code}):
        page = staff.get("/admin/gateway/websocketsession/", question).content.decode()
        assert chosen.connection_id in page
        assert other.connection_id not in page


def test_filter_by_refusal_code(staff: Client) -> None:
    """Only what was refused for that reason."""
    list(people(0, 1))

    assert b"1 refusal" in staff.get("/admin/gateway/websocketrefusal/?code=handler_unknown").content
    assert b"0 refusals" in staff.get("/admin/gateway/websocketrefusal/?code=token_invalid").content


@pytest.mark.parametrize("name", LISTS)
def test_nothing_can_be_edited(staff: Client, name: str) -> None:
    """Not even by a superuser: no adding, changing or deleting."""
    list(people(0, 1))
    row = LISTS[name].objects.first()

    assert staff.get(f"/admin/gateway/{name}/add/").status_code == 403
    assert staff.post(f"/admin/gateway/{name}/{row.pk}/change/", {}).status_code == 403
    assert staff.post(f"/admin/gateway/{name}/{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert staff.get(f"/admin/gateway/{name}/{row.pk}/change/").status_code == 200


@pytest.mark.parametrize(
    "question",
    [
        "websockettoken/?token_hash__startswith=a",
        "websocketsession/?session_key_hash__startswith=a",
        "websocketsession/?auth_hash__startswith=a",
        "websocketsession/?user__password__startswith=a",
    ],
)
def test_what_is_not_shown_cannot_be_asked_for(staff: Client, question: str) -> None:
    """Keys and passwords are not told letter by letter."""
    assert staff.get(f"/admin/gateway/{question}").status_code == 400
    assert staff.get("/admin/gateway/websocketsession/?channel_name__startswith=a").status_code == 200


@pytest.mark.parametrize("name", LISTS)
def test_search_by_user(staff: Client, name: str) -> None:
    """Every list can be searched by whom it is about."""
    list(people(0, 2))

    page = staff.get(f"/admin/gateway/{name}/", {"q": "user1"}).content

    assert b"user1" in page
    assert b"user0" not in page


def test_refusals_are_explained(staff: Client) -> None:
    """What the code means and what helps stand beside it."""
    list(people(0, 1))
    refusal = WebSocketRefusal.objects.get()

    page = staff.get(f"/admin/gateway/websocketrefusal/{refusal.pk}/change/").content.decode()

    assert "There is no such handler." in page
    assert "ALLOWED_HANDLERS" in page


def act(staff: Client, action: str, clients: list[WebSocketClient], **fields: str) -> Any:
    rows = [client.session.pk for client in clients]
    form = {"action": action, "_selected_action": rows} | fields
    return staff.post("/admin/gateway/websocketsession/", form, follow=True)


def test_disconnect(staff: Client) -> None:
    """The chosen connections are closed, the others stay."""
    chosen, other = people(0, 2)

    page = act(staff, "disconnect", [chosen])

    assert b"1 connections are being closed" in page.content
    assert chosen.session.closing_code == "disconnected_by_staff"
    assert chosen.connection_id in outbox.closed
    assert other.session.closing_on is None


def test_send(staff: Client) -> None:
    """The chosen connections get the message."""
    chosen, other = people(0, 2)

    page = act(staff, "send", [chosen], message="Back in five minutes")

    assert b"Sent to 1" in page.content
    assert chosen.received == [{"type": "notice", "message": "Back in five minutes"}]
    assert other.received == []


def test_send_nothing(staff: Client) -> None:
    """An empty message is not sent."""
    (chosen,) = people(0, 1)

    page = act(staff, "send", [chosen], message=" ")

    assert b"Write a message first" in page.content
    assert chosen.received == []


def test_actions_need_the_permission(db: None) -> None:
    """Staff who may only look do not see the actions."""
    looker = get_user_model().objects.create_user("looker", password="x", is_staff=True)
    looker.user_permissions.add(*_view_permissions())
    browser = Client()
    browser.force_login(looker)
    (chosen,) = people(0, 1)

    act(browser, "disconnect", [chosen])

    assert chosen.session.closing_on is None


def _view_permissions() -> Any:
    from django.contrib.auth.models import Permission

    return Permission.objects.filter(content_type__app_label="gateway", codename__startswith="view_")


@pytest.mark.parametrize(
    ("sets", "complaint"),
    [
        ("[]", "Give a list of lists"),
        ('["gateway.view_apigateway"]', "Give a list of lists"),
        ("[[7]]", "Give a list of lists"),
        ('[["gateway.no_such"]]', "There is no permission gateway.no_such"),
    ],
)
def test_channel_permissions_that_could_never_be_held(staff: Client, sets: str, complaint: str) -> None:
    """A typing error in a permission would close the channel silently, so the form refuses it."""
    form = {"channel_name": "room", "audience": "permissions", "permission_sets": sets}

    page = staff.post("/admin/gateway/channelpermission/add/", form).content.decode()

    assert complaint in page
    assert not ChannelPermission.objects.exists()


def test_a_channel_that_nobody_can_ask_for(staff: Client) -> None:
    """A name that every connect refuses opens nothing."""
    page = staff.post("/admin/gateway/channelpermission/add/", {"channel_name": "a room", "audience": "everyone"})

    assert "A channel name has letters" in page.content.decode()
    assert not ChannelPermission.objects.exists()


def test_channel_permission(staff: Client) -> None:
    """One that can be held is kept."""
    form = {"channel_name": "room", "audience": "permissions", "permission_sets": '[["gateway.view_apigateway"]]'}

    staff.post("/admin/gateway/channelpermission/add/", form)

    assert ChannelPermission.objects.get().permission_sets == [["gateway.view_apigateway"]]
