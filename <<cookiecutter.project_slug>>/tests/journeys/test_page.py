"""The page as different people meet it: with a keyboard, with a screen reader, on a phone, in the dark."""

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.journeys.conftest import LOOKS, picture, violations
from tests.journeys.people import PASSWORD, Person
from tests.journeys.site import Site

pytestmark = pytest.mark.browser

STOPS = 40
"""More than the page has stops of the Tab key."""


@pytest.mark.parametrize("look", LOOKS)
def test_the_chat_is_accessible_and_fits(site: Site, browser: Browser, look: str) -> None:
    """axe-core has nothing to say, and nothing has to be scrolled sideways."""
    # The checker is a script of its own, which the page's policy rightly refuses.
    with Person.sign_in(browser, site.first_address, "alice", bypass_csp=True, **LOOKS[look]) as person:
        person.is_in_state("open")
        person.says(f"How does this look, {look}?")
        person.sees(f"How does this look, {look}?")

        assert violations(person.page) == []
        assert person.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        picture(person.page, f"page-{look}")


@pytest.mark.parametrize("look", LOOKS)
def test_the_front_page_is_accessible(site: Site, browser: Browser, look: str) -> None:
    """What somebody meets who is not signed in."""
    context = browser.new_context(bypass_csp=True, **LOOKS[look])
    page = context.new_page()
    page.goto(site.first_address)

    assert violations(page) == []
    picture(page, f"front-{look}")
    context.close()


def test_nothing_can_be_entered_before_somebody_listens(site: Site, browser: Browser) -> None:
    """Where the page comes before its script, what is typed and sent would go nowhere."""
    with Person.sign_in(browser, site.first_address, "alice") as person:
        person.is_in_state("open")
        person.page.route("**/realtime/page*.js", lambda route: route.abort())

        person.page.reload()

        expect(person.page.get_by_role("textbox", name="Message to")).to_be_disabled()
        expect(person.page.get_by_role("button", name="Send")).to_be_disabled()


def test_any_message_can_be_sent(site: Site, browser: Browser) -> None:
    """As JSON, to try a route that the page knows nothing of; what is no JSON is not sent."""
    with Person.sign_in(browser, site.first_address, "alice") as person:
        person.is_in_state("open")
        person.page.get_by_text("What goes over the wire").click()
        field = person.page.get_by_label("A message as JSON")

        field.fill('{"handler": "nothing"}')
        field.press("Enter")

        expect(person.page.locator("#notice-text")).to_have_text("There is no such handler.")
        expect(person.page.locator("#frames")).to_contain_text("handler_unknown")
        field.fill("nothing")
        field.press("Enter")
        expect(person.page.locator("#notice-text")).to_have_text("That is no JSON.")


def test_a_message_that_the_history_brings_is_no_longer_on_its_way(site: Site, browser: Browser) -> None:
    """After a reconnect the history may have it before its reply comes: it is shown once. Older ones are others."""
    with Person.sign_in(browser, site.first_address, "alice") as person:
        shown = person.page.evaluate(
            """async () => {
                const { MessageList } = await import("/static/realtime/messages.js");
                const make = (name) => document.createElement(name);
                const list = make("ol");
                const messages = new MessageList(
                    { list, scroll: make("div"), latest: make("p"), empty: make("p"), user: "alice" });
                const at = (time) => new Date(time).toISOString();
                messages.addPending("new");
                messages.addPending("said before");
                messages.merge([
                    { message: "said before", user: "alice", sent_on: at(Date.now() - 3_600_000), message_id: "chat-1" },
                    { message: "new", user: "alice", sent_on: at(Date.now()), message_id: "chat-2" },
                ]);
                return [...list.children].map((item) =>
                    [item.querySelector(".text").textContent, item.classList.contains("pending")]);
            }"""
        )

        assert shown == [["said before", False], ["new", False], ["said before", True]]


def tab_to(place: Locator) -> None:
    """Presses Tab until the place has the focus, which it gets in no other way. More than once around would be in vain."""
    for _ in range(STOPS):
        place.page.keyboard.press("Tab")
        if place.evaluate("(place) => place === document.activeElement"):
            return
    raise AssertionError(f"{STOPS} presses of Tab do not lead to {place}")


def test_everything_works_by_keyboard(site: Site, browser: Browser) -> None:
    """Sign in, write, send and sign out with Tab, Enter and letters alone."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(site.first_address)
    tab_to(page.get_by_label("User name"))
    page.keyboard.type("alice")
    tab_to(page.get_by_label("Password"))
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#state")).to_have_attribute("data-state", "open")

    tab_to(page.get_by_role("textbox", name="Message to"))
    page.keyboard.type("Typed, not clicked")
    page.keyboard.press("Enter")
    expect(page.locator("#messages .text", has_text="Typed, not clicked")).to_have_count(1)
    page.keyboard.type("Sent by the button")
    tab_to(page.locator("#composer").get_by_role("button", name="Send"))
    page.keyboard.press("Enter")
    expect(page.locator("#messages .text", has_text="Sent by the button")).to_have_count(1)

    tab_to(page.get_by_role("button", name="Sign out"))
    page.keyboard.press("Enter")
    expect(page.get_by_label("User name")).to_be_visible()
    context.close()


def test_the_policy_holds(site: Site, browser: Browser) -> None:
    """The page works under its own content security policy: the browser reports nothing."""
    complaints: list[str] = []
    with Person.sign_in(browser, site.first_address, "alice") as person:
        person.page.on("console", lambda message: complaints.append(message.text))
        person.page.reload()
        person.is_in_state("open")
        policy = person.page.request.get(site.first_address).headers["content-security-policy"]

    assert f"ws://127.0.0.1:{site.gateway_port}" in policy
    assert [text for text in complaints if "Content Security Policy" in text] == []
