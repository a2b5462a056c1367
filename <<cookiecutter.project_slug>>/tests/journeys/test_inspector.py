"""The inspector: a newcomer follows a message from one browser through the gateway and Django to another."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import picture
from tests.journeys.people import PATIENCE_MS, Person
from tests.journeys.site import Site

pytestmark = pytest.mark.browser


@pytest.fixture
def address(site: Site) -> str:
    return f"http://127.0.0.1:{site.gateway_port}/_emulator/"


@pytest.fixture
def inspector(browser: Browser, address: str) -> Iterator[Page]:
    """The page, in a window of its own; its scripts and its policy raise no complaint."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(address)
    expect(page.locator("#state")).to_have_attribute("data-state", "live", timeout=PATIENCE_MS)
    yield page
    context.close()
    assert complaints == []


def row(page: Page, kind: str, text: str) -> None:
    """Choose the last event of that kind that holds the text."""
    page.locator(f"li[data-kind={kind}]", has_text=text).last.click(timeout=PATIENCE_MS)


def test_dev_prints_its_address(site: Site, address: str) -> None:
    """Whoever starts the site is told where to look."""
    assert any(address in line for line in site.lines)


def test_way_of_a_message(alice: Person, bob: Person, inspector: Page, browser: Browser, address: str) -> None:
    """Client, gateway, Django, gateway, clients: every hop, in that order, and why it went there."""
    alice.is_in_state("open")
    bob.is_in_state("open")
    expect(inspector.locator("#open-count")).to_have_text("2", timeout=PATIENCE_MS)  # whoever was here before has left
    bob.says("Ready when you are.")
    alice.sees("Ready when you are.")
    alice.says("Watch this one go through.")
    bob.sees("Watch this one go through.")
    alice.has_nothing_pending()
    row(inspector, "message", "Watch this one go through.")
    expect(inspector.locator(".hop .words").last).to_contain_text("reply frame", timeout=PATIENCE_MS)

    hops = inspector.locator(".hop .words").all_inner_texts()
    assert "Client to API Gateway" in hops[0]
    assert "the key matches" in hops[1]
    assert "POST /ws/chat_message" in hops[2]
    assert sum("POST @connections 200" in hop for hop in hops) == 2
    assert any("API Gateway to Others" in hop for hop in hops)
    expect(inspector.get_by_role("region", name="Why this route")).to_contain_text("chat_message: the key matches.")
    expect(inspector.get_by_role("region", name="Headers of the call")).to_contain_text("X-Gateway-Secret")
    picture(inspector, "inspector")
    inspector.get_by_label("Colours").select_option("dark")
    picture(inspector, "inspector-dark")


def test_search_and_export(alice: Person, inspector: Page, tmp_path: Path) -> None:
    """What the search leaves is what is exported, one JSON object a line."""
    alice.is_in_state("open")
    alice.says("needle in the haystack")
    alice.sees("needle in the haystack")
    inspector.get_by_label("Search the events").fill("needle")
    inspector.get_by_role("button", name="Frames").click()
    expect(inspector.locator("li[data-kind=message]")).to_have_count(1)
    expect(inspector.locator("li[data-kind=integration]")).to_have_count(0)
    with inspector.expect_download() as download:
        inspector.get_by_role("button", name="Export").click()
    download.value.save_as(tmp_path / "emulator.jsonl")

    notes = [json.loads(line) for line in (tmp_path / "emulator.jsonl").read_text().splitlines()]
    assert {note["kind"] for note in notes} == {"message", "sent"}
    assert all("needle" in note["text"] for note in notes)


def test_keyboard(alice: Person, inspector: Page) -> None:
    """The list is one stop of the Tab key, and the arrows move in it."""
    alice.is_in_state("open")
    expect(inspector.locator("#timeline li").first).to_be_visible(timeout=PATIENCE_MS)
    inspector.locator("#timeline").focus()
    inspector.keyboard.press("End")
    last = inspector.locator('#timeline [aria-selected="true"]').get_attribute("id")
    inspector.keyboard.press("ArrowUp")

    chosen = inspector.locator('#timeline [aria-selected="true"]')
    expect(chosen).to_have_count(1)
    assert chosen.get_attribute("id") != last
    assert inspector.locator("#timeline").get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    expect(inspector.locator("#detail h2")).not_to_have_text("Follow a message")


def test_disconnect(alice: Person, inspector: Page) -> None:
    """The button closes the socket as DELETE @connections does, and the client comes back."""
    alice.is_in_state("open")
    card = inspector.locator("#connections li").first
    button = card.get_by_role("button", name="Disconnect")
    name = button.get_attribute("aria-label")
    button.click(timeout=PATIENCE_MS)

    expect(inspector.get_by_label(name or "", exact=True)).to_have_count(0, timeout=PATIENCE_MS)
    expect(inspector.locator("li[data-kind=closed]").last).to_contain_text("1000")
    alice.is_in_state("open")


def test_restart(alice: Person, inspector: Page) -> None:
    """The gateway dies and comes back: the socket is cut, the client makes a new one, and the page looks on."""
    alice.is_in_state("open")
    inspector.get_by_role("button", name="Restart, lose connections").click()

    expect(inspector.locator("#timeline .divider").last).to_have_text(
        "The emulator was started again", timeout=PATIENCE_MS
    )
    expect(inspector.locator("li[data-kind=closed]").last).to_contain_text("1006")
    alice.is_in_state("open")


def test_fault(inspector: Page) -> None:
    """A fault is switched on and off by name."""
    switch = inspector.get_by_role("switch", name="slow-integration")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "true", timeout=PATIENCE_MS)
    expect(inspector.locator("#fault-count")).to_have_text("1 on")
    switch.click()

    expect(switch).to_have_attribute("aria-checked", "false", timeout=PATIENCE_MS)


def test_no_secret_on_the_page(alice: Person, inspector: Page) -> None:
    """Tokens and the shared secret are masked, in the list and in every detail."""
    alice.is_in_state("open")
    inspector.locator("li[data-kind=integration]", has_text="ws_token").last.click(timeout=PATIENCE_MS)
    text = inspector.locator("body").inner_text()

    assert "ws_token=***" in text
    headers = inspector.locator("#detail tr", has_text="X-Gateway-Secret")
    expect(headers.locator("td")).to_have_text("***")
