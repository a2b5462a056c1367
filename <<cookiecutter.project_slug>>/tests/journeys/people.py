"""People at their browsers: what they do and what they see."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page, WebSocket, expect

PASSWORD = "demo-password"
PATIENCE_MS = 75_000
"""Longer than the minute after which a limit lets somebody in again."""
SIZE = {"width": 960, "height": 640}


@dataclass
class Person:
    """One signed-in window, and the frames that its sockets received."""

    name: str
    page: Page
    received: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @classmethod
    @contextmanager
    def sign_in(cls, browser: Browser, address: str, name: str, **options: Any) -> "Iterator[Person]":
        """Signs in at the page's own form, in a browser profile of its own."""
        context = browser.new_context(**({"viewport": SIZE} | options))
        page = context.new_page()
        person = cls(name, page)
        page.on("websocket", person._watch)
        page.on("pageerror", lambda error: person.problems.append(str(error)))
        page.goto(address)
        page.get_by_label("User name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        with page.expect_navigation():
            page.get_by_role("button", name="Sign in").click()
        try:
            yield person
        finally:
            context.close()
        assert person.problems == []

    def _watch(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._keep)

    def _keep(self, text: str | bytes) -> None:
        if text:
            self.received.append(json.loads(text))

    def says(self, text: str) -> None:
        """Writes a message and presses Enter."""
        self.page.get_by_role("textbox", name="Message to").fill(text)
        self.page.keyboard.press("Enter")

    def sees(self, text: str) -> None:
        """The message is in the list, once, and not pending."""
        item = self.page.locator("#messages li:not(.pending) .text", has_text=text)
        expect(item).to_have_count(1, timeout=PATIENCE_MS)

    def has_nothing_pending(self) -> None:
        """Every message was answered."""
        expect(self.page.locator("#messages li.pending")).to_have_count(0, timeout=PATIENCE_MS)

    def is_in_state(self, state: str) -> None:
        """`connecting`, `open`, `waiting` or `stopped`, as the page shows it."""
        expect(self.page.locator("#state")).to_have_attribute("data-state", state, timeout=PATIENCE_MS)

    def frames_of_type(self, kind: str) -> list[dict[str, Any]]:
        """What its sockets received of that type."""
        return [frame for frame in self.received if frame.get("type") == kind]
