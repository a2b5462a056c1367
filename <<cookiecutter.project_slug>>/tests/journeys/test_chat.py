"""The main story: two people, one channel, a real browser, and a gateway that dies in between."""

import urllib.request

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.conftest import Requests, picture, side_by_side
from tests.journeys.people import PATIENCE_MS, Person
from tests.journeys.site import Site

pytestmark = pytest.mark.browser


def test_two_people_chat(alice: Person, bob: Person) -> None:
    """What one writes the other sees, both ways."""
    alice.is_in_state("open")
    bob.is_in_state("open")

    alice.says("Hello bob, can you see this?")
    bob.sees("Hello bob, can you see this?")
    bob.says("I can. It came through API Gateway.")
    alice.sees("I can. It came through API Gateway.")
    alice.says("And nothing but Django runs here.")
    bob.sees("And nothing but Django runs here.")

    windows = [picture(person.page, f"chat-{person.name}") for person in (alice, bob)]
    side_by_side(alice.page.context.new_page(), windows, "chat")


def test_history_answers_its_caller_alone(alice: Person, bob: Person) -> None:
    """A reload shows what was said before, to the one who reloads."""
    alice.is_in_state("open")
    bob.is_in_state("open")
    bob.says("Before the reload")
    alice.sees("Before the reload")
    before = [len(person.frames_of_type("history")) for person in (alice, bob)]

    alice.page.reload()

    alice.sees("Before the reload")
    after = [len(person.frames_of_type("history")) for person in (alice, bob)]
    assert after == [before[0] + 1, before[1]]


def test_both_come_back_when_the_gateway_dies(site: Site, alice: Person, bob: Person) -> None:
    """The emulator is killed, `dev` starts it again, both windows reconnect by themselves and chat."""
    alice.is_in_state("open")
    bob.is_in_state("open")

    site.kill_the_gateway()
    site.wait_for_line("Starting it again")
    alice.is_in_state("waiting")
    alice.is_in_state("open")
    bob.is_in_state("open")

    alice.says("Back again")
    bob.sees("Back again")
    alice.sees("Back again")


def test_what_is_written_while_offline_arrives_later(site: Site, alice: Person, bob: Person) -> None:
    """Without a network a message waits, and says so; with it, it goes out once."""
    alice.is_in_state("open")
    bob.is_in_state("open")
    alice.has_nothing_pending()

    alice.page.context.set_offline(True)
    site.kill_the_gateway()
    alice.is_in_state("waiting")
    alice.says("Written in a tunnel")
    expect(alice.page.locator("#messages li.pending")).to_have_count(1)
    alice.page.context.set_offline(False)

    bob.sees("Written in a tunnel")
    alice.sees("Written in a tunnel")


def test_signing_out_closes_the_socket_for_good(site: Site, browser: Browser) -> None:
    """Signing out in one tab ends the socket of the other, which stays closed and says why."""
    with Person.sign_in(browser, site.first_address, "alice") as person:
        person.is_in_state("open")
        other_tab = person.page.context.new_page()
        other_tab.goto(site.first_address)

        other_tab.get_by_role("button", name="Sign out").click()

        person.is_in_state("stopped")
        assert [frame["code"] for frame in person.frames_of_type("closing")] == ["login_ended"]
        expect(person.page.get_by_role("alert")).to_contain_text("Sign in")
        person.page.wait_for_timeout(1_500)
        person.is_in_state("stopped")
        picture(person.page, "signed-out")


def test_a_forbidden_channel_says_so(site: Site, browser: Browser) -> None:
    """A channel that nobody opened is closed; the page tells what to do about it."""
    with Person.sign_in(browser, site.first_address + "?channel=secret-plans", "alice") as person:
        person.is_in_state("stopped")
        expect(person.page.get_by_role("alert")).to_contain_text("not open to you")


def test_messages_are_text(alice: Person, bob: Person) -> None:
    """Markup in a message is shown, not obeyed."""
    alice.is_in_state("open")
    bob.is_in_state("open")

    alice.says("<img src=x onerror=\"document.title='owned'\">{{ 7 * 7 }} 🎉")

    bob.sees("<img src=x onerror=\"document.title='owned'\">{{ 7 * 7 }} 🎉")
    assert bob.page.title() != "owned"


def test_no_request_leaves_this_machine(site: Site, browser: Browser) -> None:
    """The welcome page loads nothing from anywhere else, and weighs less than 60 KB."""
    context = browser.new_context()
    page = context.new_page()
    welcome = Requests(page)
    page.goto(site.first_address)
    page.wait_for_load_state("networkidle")
    context.close()

    assert welcome.hosts == {"127.0.0.1"}
    assert sum(welcome.sizes.values()) < 60_000


def test_no_request_of_the_chat_leaves_this_machine(site: Site, browser: Browser) -> None:
    """Signed in and with its socket open, in a browser that has kept nothing but the login. Less than 60 KB, before compression."""
    with Person.sign_in(browser, site.first_address, "alice") as person:
        context = browser.new_context(storage_state=person.page.context.storage_state())
        page = context.new_page()
        chat = Requests(page)
        page.goto(site.first_address)
        expect(page.locator("#state")).to_have_attribute("data-state", "open", timeout=PATIENCE_MS)
        page.wait_for_load_state("networkidle")
        context.close()

    assert chat.hosts == {"127.0.0.1"}
    assert any(address.endswith("/client.js") for address in chat.sizes)
    assert sum(chat.sizes.values()) < 60_000


def test_the_site_is_healthy(site: Site) -> None:
    """What a load balancer and a deployment ask."""
    for path in ("healthz", "readyz"):
        with urllib.request.urlopen(site.first_address + path, timeout=5) as answer:
            assert answer.status == 200


def test_no_log_line_holds_a_token_or_the_secret(site: Site, alice: Person) -> None:
    """Everything that the running site prints, with two sockets' worth of traffic behind it."""
    alice.is_in_state("open")

    output = "".join(site.lines)
    assert "ws_token=" not in output
    assert "sessionid" not in output
