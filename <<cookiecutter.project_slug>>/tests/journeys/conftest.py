"""What the journeys share: the running site and a browser."""

import base64
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, sync_playwright

from tests.journeys.people import Person
from tests.journeys.site import ROOT, Site

SCREENSHOTS = Path(os.environ.get("SCREENSHOTS", ROOT / "build" / "screenshots"))
LOOKS: dict[str, Any] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The whole site, on free ports, with nothing in it yet."""
    running = Site.start(tmp_path_factory.mktemp("site"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def browser(site: Site) -> Iterator[Browser]:
    """A headless Chromium. It ends before the site does, so that no socket outlives its server, and with its module: while
    Playwright runs its event loop in this thread, Django refuses its database to the tests that follow.
    """
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None and not os.environ.get("CI"):
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield running
        running.close()


@pytest.fixture(scope="module")
def alice(site: Site, browser: Browser) -> Iterator[Person]:
    """Signed in at the first address, once for all tests of a module: a person gets ten tokens a minute."""
    with Person.sign_in(browser, site.first_address, "alice") as person:
        yield person


@pytest.fixture(scope="module")
def bob(site: Site, browser: Browser) -> Iterator[Person]:
    """Signed in at the second address."""
    with Person.sign_in(browser, site.second_address, "bob") as person:
        yield person


def violations(page: Page) -> list[str]:
    """What axe-core objects to. The page's policy refuses its script: the window has to be opened with `bypass_csp`."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['help']} ({one['nodes'][0]['html']})" for one in found]


def picture(page: Page, name: str, *, whole: bool = False) -> Path:
    """Keeps a screenshot as an artefact: of what the window shows, or of the whole page."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    path = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=path, full_page=whole)
    return path


class Requests:
    """What a page asks for from now on: of which hosts, how much comes back, and what is refused."""

    def __init__(self, page: Page) -> None:
        self.hosts: set[str | None] = set()
        self.sizes: dict[str, int] = {}
        self.refused: list[str] = []
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname))
        page.on("websocket", lambda socket: self.hosts.add(urlsplit(socket.url).hostname))
        page.on("requestfinished", self._weigh)
        page.on("response", lambda response: self.refused.append(response.url) if response.status >= 400 else None)

    def _weigh(self, request: Request) -> None:
        # What the browser has from its cache has a size below nothing: that of the headers which did not come.
        self.sizes[request.url] = max(0, request.sizes()["responseBodySize"])


def side_by_side(page: Page, pictures: list[Path], name: str) -> None:
    """Keeps several screenshots as one, put together in a page of its own."""
    sources = [base64.b64encode(path.read_bytes()).decode() for path in pictures]
    images = "".join(f'<img src="data:image/png;base64,{source}">' for source in sources)
    style = (
        "body{margin:0;display:flex;gap:16px;padding:16px;background:#d7dae3;width:max-content} img{border-radius:8px}"
    )
    page.set_content(f"<style>{style}</style>{images}")
    page.locator("body").screenshot(path=SCREENSHOTS / f"{name}.png")
