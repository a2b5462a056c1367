"""Two hours of everybody's time in a moment: API Gateway's, Django's and the browser's, in step."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from playwright.sync_api import Page, sync_playwright
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from gateway.models import ApiGateway
from gateway.testing.emulator import RunningEmulator

pytestmark = pytest.mark.browser

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
CSRF = "c" * 32
STEP_MINUTES = 5
START = """async () => {
  const { GatewayClient } = await import("/static/gateway/client.js");
  window.seen = [];
  window.client = new GatewayClient({ random: () => 0 });
  for (const type of ["open", "close"]) client.on(type, (detail) => seen.push([type, detail]));
  client.connect();
}"""
TOKEN = """async (csrf) => {
  const answer = await fetch("/api/ws-token/", { method: "POST", headers: { "X-CSRFToken": csrf } });
  return (await answer.json()).token;
}"""


class Window:
    """Ann's browser, with a client in its page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.answers = 0
        page.on("websocket", lambda socket: socket.on("framereceived", self._count))

    def _count(self, _: object) -> None:
        self.answers += 1

    def start(self) -> None:
        self.page.evaluate(START)
        self.waits_for_open(1)

    def waits_for_open(self, times: int) -> None:
        """Until the client has told so many times that it is connected."""
        self.page.wait_for_function("(times) => seen.filter(([type]) => type === 'open').length >= times", arg=times)

    def told(self, kind: str) -> list[Any]:
        return [detail for event, detail in self.page.evaluate("seen") if event == kind]

    def token(self) -> str:
        token: str = self.page.evaluate(TOKEN, CSRF)
        return token

    def advance(self, minutes: int) -> None:
        """The page's timers: at every step the client's heartbeat is due, and answered before this returns."""
        before = self.answers
        self.page.clock.fast_forward(minutes * 60_000)
        while self.answers == before:
            self.page.wait_for_timeout(1)


@pytest.fixture
def window(provisioned_gateway: ApiGateway, live_server: Any, settings: Any) -> Iterator[Window]:
    """Whoever uses the database does so before Playwright starts: it runs an event loop, beside which Django lets nobody."""
    settings.WEBSOCKETS = settings.WEBSOCKETS | {"ALLOWED_ORIGINS": [live_server.url]}
    ann = Client()
    ann.force_login(get_user_model().objects.create_user("ann"))
    cookies = {"sessionid": ann.cookies["sessionid"].value, "csrftoken": CSRF}
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None and not os.environ.get("CI"):
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        # The page's policy names AWS's addresses; the emulator's is another in every test.
        context = browser.new_context(bypass_csp=True)
        context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()])
        page = context.new_page()
        page.clock.install()
        page.goto(f"{live_server.url}/healthz")
        yield Window(page)
        browser.close()


def closing_code(socket: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed):
        socket.recv(timeout=5)
    return socket.close_code


def talk(socket: ClientConnection) -> None:
    socket.send('{"id": 1}')
    socket.recv(timeout=5)


def test_two_hours(
    window: Window,
    api_gateway: RunningEmulator,
    provisioned_gateway: ApiGateway,
    websocket_client: Callable[..., ClientConnection],
    live_server: Any,
) -> None:
    """A token grows too old, silence ends a connection, age another; the client has moved on before, and nobody noticed."""

    def dial(token: str) -> ClientConnection:
        return websocket_client(f"{provisioned_gateway.socket_url}?ws_token={token}", origin=live_server.url)

    window.start()
    too_old, silent, busy = window.token(), dial(window.token()), dial(window.token())
    for minute in range(STEP_MINUTES, 130, STEP_MINUTES):
        if minute <= 120:
            talk(busy)
        window.advance(STEP_MINUTES)
        if minute == 110:
            window.waits_for_open(2)
        api_gateway.advance(minutes=STEP_MINUTES)
        if minute == 5:
            with pytest.raises(InvalidStatus, match="401"):
                dial(too_old)
        if minute == 10:
            assert closing_code(silent) == 1001
    assert closing_code(busy) == 1001
    assert [opened["replaced"] for opened in window.told("open")] == [False, True]
    assert window.told("close") == []
