"""The admin as staff meet it: the figures of the page "Realtime", and nothing missing on the way there."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import LOOKS, Requests, picture, violations
from tests.journeys.people import PASSWORD, PATIENCE_MS, Person
from tests.journeys.site import Site

pytestmark = pytest.mark.browser

AN_HOUR_OF_FIGURES = """
import math, time
from gateway.metrics import series
from gateway.models import ApiGateway, Metric
name = ApiGateway.objects.get().api_name
now = int(time.time() // 60)
rows = {}
for ago in range(61):
    wave = 1 + math.sin(ago / 6)
    for figure, value in {
        series("websocket_sessions", gateway=name): 40 + 20 * wave,
        series("websocket_channel_sessions", gateway=name, channel="lobby"): 30 + 15 * wave,
        series("websocket_channel_sessions", gateway=name, channel="a-channel-with-a-name-too-long-for-a-phone"): 10 + 5 * wave,
        series("websocket_connects_total", code="accepted"): 12 * wave,
        series("websocket_connects_total", code="token_invalid"): ago % 9 == 0,
        series("websocket_messages_total", handler="a_handler_with_a_long_name", code="handled"): 90 * wave,
        series("websocket_messages_total", handler="a_handler_with_a_long_name", code="message_rate_limited"): ago % 7 == 0,
        series("websocket_posts_total", outcome="sent"): 900 * wave,
        series("websocket_posts_total", outcome="gone"): ago % 5,
        series("websocket_tokens_total", code="issued"): 13 * wave,
        series("websocket_disconnects_total", code="1001"): 6 * wave,
        series("websocket_management_errors_total", status="410"): ago % 5,
    }.items():
        rows[figure, now - ago] = int(value)
Metric.objects.filter(minute__gt=Metric.TOTAL).delete()
Metric.objects.bulk_create(
    [Metric(series=figure, minute=minute, value=value) for (figure, minute), value in rows.items()]
)
"""
"""Told rather than waited for: the charts end with the last minute that is over."""


@pytest.fixture(scope="module")
def staff(site: Site) -> str:
    """The name of somebody who may see everything."""
    name = ("--username", "root", "--email", "root@example.com")
    site.manage("createsuperuser", "--no-input", *name, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
    return "root"


@contextmanager
def signed_in(browser: Browser, address: str, name: str, **options: Any) -> Iterator[tuple[Page, Requests]]:
    """Signs in at the admin's own form."""
    context = browser.new_context(**options)
    page = context.new_page()
    requests = Requests(page)
    page.goto(address)
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="Log in").click()
    yield page, requests
    context.close()


def test_nothing_is_missing_in_the_admin(site: Site, browser: Browser, staff: str) -> None:
    """The page of the login, the front page and a list: every file is there, the icon that browsers ask for too."""
    with signed_in(browser, f"{site.first_address}admin/", staff) as (page, requests):
        page.get_by_role("link", name="WebSocket sessions").first.click()
        page.wait_for_load_state("networkidle")
        icon = page.locator("link[rel=icon]").evaluate("(link) => link.href")

        assert page.request.get(icon).status == 200
        assert requests.refused == []
        assert requests.hosts == {"127.0.0.1"}


def carried_out(page: Page) -> int:
    """Messages of the last hour, by what the page says."""
    numbers = page.locator("section", has_text="Messages by handler").locator("tbody td:nth-child(2)").all_inner_texts()
    return sum(int(number.replace(",", "")) for number in numbers)


def test_the_figures_show_what_happens(site: Site, browser: Browser, staff: str) -> None:
    """Somebody is connected, which shows at once, and says something, which shows within seconds."""
    address = f"{site.first_address}admin/gateway/metric/"
    with Person.sign_in(browser, site.first_address, "alice") as alice, signed_in(browser, address, staff) as (page, _):
        alice.is_in_state("open")
        before = carried_out(page)
        alice.says("Does this count?")
        alice.has_nothing_pending()

        deadline = time.monotonic() + PATIENCE_MS / 1_000
        while carried_out(page) <= before and time.monotonic() < deadline:
            page.wait_for_timeout(500)
            page.reload()

        assert carried_out(page) > before
        connections = page.locator("dl div", has_text="Open connections").locator("dd")
        assert int(connections.inner_text()) >= 1


@pytest.mark.parametrize("look", LOOKS)
def test_the_figures_are_accessible_and_fit(site: Site, browser: Browser, staff: str, look: str) -> None:
    """axe-core has nothing to say, nothing has to be scrolled sideways, and nothing comes from elsewhere."""
    site.manage("shell", "-v", "0", "-c", AN_HOUR_OF_FIGURES)
    address = f"{site.first_address}admin/gateway/metric/"
    with signed_in(browser, address, staff, bypass_csp=True, **LOOKS[look]) as (page, requests):
        expect(page.locator("polyline").first).to_be_attached()
        picture(page, f"figures-{look}", whole=True)

        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert requests.hosts == {"127.0.0.1"}
