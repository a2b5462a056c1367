"""What strangers can write into rows, and staff will look at: it is shown as text, everywhere."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from gateway.models import ApiGateway, ChannelPermission, WebSocketRefusal, WebSocketSession

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


@pytest.fixture
def staff() -> Client:
    browser = Client()
    browser.force_login(get_user_model().objects.create_superuser("root", password="x"))
    return browser


@pytest.fixture
def pages() -> list[str]:
    """Lists and detail pages of rows whose every free text is hostile."""
    person = get_user_model().objects.create_user(HOSTILE[:150], password="x")
    gateway = ApiGateway.objects.create(api_name=HOSTILE, target_base_endpoint="https://x/", domain_name=HOSTILE)
    texts = {"channel_name": HOSTILE, "user_agent": HOSTILE, "user": person}
    session = WebSocketSession.objects.create(
        connection_id=HOSTILE, api_gateway=gateway, disconnect_reason=HOSTILE, closing_code=HOSTILE, **texts
    )
    refusal = WebSocketRefusal.objects.create(
        correlation_id="1",
        code="token_invalid",
        kind="CONNECT",
        detail=HOSTILE,
        origin=HOSTILE,
        route_key=HOSTILE,
        **texts,
    )
    permission = ChannelPermission.objects.create(channel_name=HOSTILE)
    rows = [gateway, session, refusal, permission]
    lists = [f"/admin/{row._meta.app_label}/{row._meta.model_name}/" for row in rows]
    return lists + [f"{address}{row.pk}/change/" for address, row in zip(lists, rows, strict=True)]


def test_nothing_hostile_runs_in_the_admin(staff: Client, pages: list[str]) -> None:
    """Channel names, user agents, reasons and origins keep their angle brackets to themselves."""
    for page in pages:
        answer = staff.get(page)

        assert answer.status_code == 200, page
        assert b"<script>alert(1)" not in answer.content, page
        assert b"<img src=x" not in answer.content, page
        assert b"&lt;script&gt;" in answer.content, page
