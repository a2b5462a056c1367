"""The client in a real browser against the local API Gateway: its walls, its frames, its faults."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from emulator.clock import ManualClock
from gateway.testing.emulator import RunningEmulator, running_emulator
from tests.client.site import Site, running_site
from tests.emulator.stages import API_ID, STAGE, Stages, route, stage_of

pytestmark = pytest.mark.browser

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
START = """async (options) => {
  const { GatewayClient } = await import("/static/gateway/client.js");
  window.seen = [];
  window.client = new GatewayClient({ csrf: "csrf", backoff: { base: 20, cap: 200 }, ...options });
  for (const type of ["state", "open", "message", "error", "close", "stopped"]) {
    client.on(type, (detail) => seen.push([type, detail.code ?? detail.state ?? detail]));
  }
  client.connect();
}"""
IDLE_SECONDS = 600
TWO_HOURS = 7_200


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None and not os.environ.get("CI"):
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--enable-features=BackForwardCache"],
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield running
        running.close()


@pytest.fixture
def site() -> Iterator[Site]:
    with running_site() as site:
        yield site


@pytest.fixture
def emulator(site: Site) -> Iterator[RunningEmulator]:
    stages = Stages()
    one_way = [route(key, site.url) for key in ("$connect", "$disconnect")]
    stages.add(stage_of(*one_way, route("$default", site.url, two_way=True)))
    with running_emulator(store=stages, clock=ManualClock()) as emulator:
        site.socket_url = f"{emulator.socket_url}/_apis/{API_ID}/{STAGE}"
        yield emulator


class Window:
    """A page with a client in it, and what the client has told so far."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def start(self, **options: Any) -> None:
        self.page.evaluate(START, options)
        self.waits_for("open", 1)

    def waits_for(self, kind: str, times: int) -> None:
        """Until that many events of a kind have happened."""
        self.page.wait_for_function(
            "([kind, times]) => seen.filter(([type]) => type === kind).length >= times", arg=[kind, times]
        )

    def told(self, kind: str) -> list[Any]:
        return [detail for event, detail in self.page.evaluate("seen") if event == kind]

    def requests(self, message: dict[str, Any]) -> Any:
        return self.page.evaluate("(message) => client.request(message)", message)


@pytest.fixture
def window(browser: Browser, site: Site, emulator: RunningEmulator) -> Iterator[Window]:
    page = browser.new_page()
    page.goto(site.url)
    yield Window(page)
    page.close()


def test_a_request_is_answered_over_a_real_socket(window: Window) -> None:
    """Token, handshake, message, reply."""
    window.start(channel="lobby")

    assert window.requests({"n": 1})["type"] == "echo"


def test_after_ten_idle_minutes_a_new_connection_is_made(window: Window, emulator: RunningEmulator) -> None:
    """API Gateway says 1001 and the client comes back."""
    window.start()

    emulator.advance(IDLE_SECONDS + 1)

    window.waits_for("open", 2)
    assert window.told("close") == [1001]


def test_heartbeats_keep_an_idle_connection(window: Window, emulator: RunningEmulator, site: Site) -> None:
    """More than ten minutes pass in steps of less, with a ping in each."""
    window.start(heartbeat=50)

    for _ in range(3):
        assert site.next_message() == {"type": "ping"}
        emulator.advance(IDLE_SECONDS - 60)

    assert window.told("close") == []


def test_after_two_hours_a_new_connection_is_made(window: Window, emulator: RunningEmulator) -> None:
    """If the take-over did not happen, the wall is survived as well."""
    window.start()

    emulator.advance(TWO_HOURS + 1)

    window.waits_for("open", 2)


def test_a_take_over_opens_the_new_socket_before_it_closes_the_old_one(
    window: Window, emulator: RunningEmulator
) -> None:
    """At one moment there are two; no `close` is told."""
    window.start(lifetime=300)

    window.waits_for("open", 2)

    assert {"replaced": True} in window.told("open")
    assert len(emulator.connections()) >= 2
    assert window.told("close") == []


def test_a_connection_deleted_by_the_server_is_made_anew(window: Window, emulator: RunningEmulator) -> None:
    """DELETE closes with 1000; without a closing frame that is not for good."""
    window.start()

    emulator.disconnect(emulator.connections()[0].connection_id)

    window.waits_for("open", 2)
    assert window.told("close") == [1000]


def test_a_gateway_that_dies_is_waited_for(window: Window, emulator: RunningEmulator) -> None:
    """The sockets are cut without a word."""
    window.start()

    emulator.restart()

    window.waits_for("open", 2)
    assert window.told("close") == [1006]


def test_a_request_cut_off_on_its_way_is_sent_again(window: Window, emulator: RunningEmulator) -> None:
    """The connection breaks with the message in it; the next one carries it again."""
    window.start()
    emulator.faults.turn_on("reset-connections")
    emulator.faults.turn_on("refuse-connects")
    window.page.evaluate("() => { window.reply = client.request({ n: 1 }); }")
    window.waits_for("close", 1)

    emulator.faults.clear()

    assert window.page.evaluate("() => window.reply")["type"] == "echo"


def test_a_request_that_never_reached_django_is_sent_again(
    window: Window, emulator: RunningEmulator, site: Site
) -> None:
    """API Gateway gives up on the backend and says so in a frame of its own; the connection stays."""
    window.start()
    emulator.faults.turn_on("hang-integration")
    window.page.evaluate("() => { window.reply = client.request({ n: 1 }); }")
    while not emulator.is_calling():
        window.page.wait_for_timeout(10)
    emulator.faults.clear()

    emulator.advance(30, settle=0)

    assert window.page.evaluate("() => window.reply")["type"] == "echo"
    assert window.told("error") == ["gateway_error"]
    assert window.told("close") == []


def test_throttled_handshakes_are_tried_again(window: Window, emulator: RunningEmulator) -> None:
    """429 at the handshake, which no page can read."""
    window.start()
    emulator.faults.turn_on("refuse-connects", 429)
    emulator.restart()
    window.waits_for("close", 1)
    window.page.wait_for_function("() => seen.some(([, code]) => code === 'handshake_failed')")

    emulator.faults.clear()

    window.waits_for("open", 2)


def test_a_refusal_that_holds_stops_the_client(window: Window, site: Site, emulator: RunningEmulator) -> None:
    """`$connect` answers 403, the check tells why."""
    window.start()
    site.refusals["/connect"] = [(403, {})]
    site.refusals["/api/ws-check/"] = [
        (403, {"error": "channel_forbidden", "message": "You may not join this channel."})
    ]

    emulator.restart()

    window.waits_for("stopped", 1)
    assert window.told("stopped") == ["channel_forbidden"]
    assert emulator.connections() == []


def test_a_page_that_one_goes_back_to_connects_again(window: Window, site: Site) -> None:
    """The browser keeps the page, but not its socket: it closes that with 1006 and says so when the page is shown again."""
    window.start()
    window.page.evaluate("() => addEventListener('pageshow', ({ persisted }) => (window.wasKept = persisted))")
    window.page.goto(f"{site.url.replace('127.0.0.1', 'localhost')}/?elsewhere")

    window.page.evaluate("() => setTimeout(() => history.back())")

    window.page.wait_for_function("() => window.seen")
    window.waits_for("open", 2)
    assert window.page.evaluate("wasKept")
    assert window.told("close") == [1006]


def test_listeners_that_fail_do_not_disturb_the_client(window: Window, emulator: RunningEmulator) -> None:
    """What a page's own listeners throw is reported by the browser; the connection is made anew all the same."""
    window.start()
    window.page.evaluate("""() => {
      for (const type of ["state", "open", "close"]) client.on(type, () => { throw new Error("of the page"); });
    }""")

    emulator.restart()

    window.waits_for("open", 2)
    assert window.requests({"n": 1})["type"] == "echo"


def test_the_largest_frame_goes_through(window: Window, site: Site) -> None:
    """32 KB is what the client allows and what API Gateway takes."""
    window.start()

    reply = window.page.evaluate(
        """() => {
          const around = JSON.stringify({ text: "", id: "x" }).length;
          return client.request({ text: "x".repeat(32768 - around), id: "x" });
        }"""
    )

    assert reply == {"type": "echo", "reply_to": "x"}
    assert window.told("close") == []
