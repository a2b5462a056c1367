"""The page: its own files only, under a policy that forbids everything else."""

import re

import pytest

from emulator.inspector.files import FOLDER
from tests.emulator.inspector.conftest import Browser

FILES = sorted(path.name for path in FOLDER.iterdir())


def test_address(browser: Browser) -> None:
    """`/_emulator` leads to the page."""
    answer = browser.get("/_emulator")

    assert (answer.status, answer.headers["Location"]) == (302, "/_emulator/")
    assert b"<title>Inspector" in browser.get("/_emulator/").body


@pytest.mark.parametrize("name", FILES)
def test_file(browser: Browser, name: str) -> None:
    """Each file is served as what it is, with the policy."""
    answer = browser.get(f"/_emulator/page/{name}")

    assert answer.status == 200
    assert answer.body == (FOLDER / name).read_bytes()
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize(
    "name", ["nothing.js", "..%2f..%2fserver.py", "%2e%2e", "..%2ffiles.py", "%2fetc%2fpasswd", "a%00.js"]
)
def test_no_other_file(browser: Browser, name: str) -> None:
    """Only the page's own folder is served."""
    assert browser.get(f"/_emulator/page/{name}").status == 404


@pytest.mark.parametrize("name", FILES)
def test_nothing_from_elsewhere(name: str) -> None:
    """No file names another host, and none needs an inline script or style."""
    text = (FOLDER / name).read_text()

    assert not re.findall(r"(?:src|href|url|import|from)\s*[=(]?\s*[\"']?(?:https?:)?//", text)
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=|innerHTML|insertAdjacentHTML|eval\(", text)


def test_every_reference_exists() -> None:
    """What the page and its modules load is there."""
    texts = [(FOLDER / name).read_text() for name in FILES]
    names = {name for text in texts for name in re.findall(r'/_emulator/page/([\w.-]+)|from "\./([\w.-]+)"', text)}

    assert {name for pair in names for name in pair if name} <= set(FILES)
