"""The documentation is so: its stories come true, its reference is the code's, its sums add up."""

import ast
import html
import json
import os
import re
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.rendering import PROJECT, ROOT, Renderer
from tests.stories import Story, blocks_of, pages, running, text_of

STORIES = (
    "../README.md",
    "add-a-route.md",
    "break-things.md",
    "from-channels.md",
    "from-django-aws-api-gateway-websockets.md",
    "permissions.md",
    "send-from-anywhere.md",
    "test-a-handler.md",
)
ELSEWHERE = {
    "pip install cookiecutter": "tests/test_render.py",
    "cookiecutter gh:org/apigw-ws-template": "tests/test_render.py",
    "cd my_realtime_site": "tests/test_render.py",
    "make run": "tests/stories.py",
    ".venv/bin/celery --app config worker": f"{PROJECT}/tests/gateway/messaging/test_celery.py",
}
"""Commands that are shown and not run from the pages: where they are run."""
ALSO_ON_AWS = re.compile(
    r"(\.venv/bin/)?python manage\.py (migrate|register_gateway|provision_gateway|gateway_doctor|emulator)\b.*"
)
"""Commands that the stories and the pages about AWS run against the local API Gateway."""


@pytest.fixture(scope="module")
def site(render: Renderer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """One running project for the pages that leave it much as it was."""
    with running(render.fresh(tmp_path_factory.mktemp("site"), use_celery=True)) as told:
        yield told


@pytest.fixture
def story(render: Renderer, tmp_path: Path) -> Iterator[Story]:
    """A fresh project, running."""
    with running(render.fresh(tmp_path)) as told:
        yield told


@pytest.mark.parametrize("page", STORIES)
def test_a_story_comes_true(site: Story, page: str) -> None:
    """Every command, file and test of the page, from top to bottom."""
    site.start_over()

    site.tell(page)


def test_the_example_can_be_removed_in_three_steps(story: Story) -> None:
    """Each step as the page has it; then the checks pass, and so do the tests that remain."""
    assert re.findall(r"^## (\d)\. ", text_of("remove-the-example.md"), re.MULTILINE) == ["1", "2", "3"]

    story.tell("remove-the-example.md")

    left = [
        path
        for path in (story.project / "realtime").rglob("*.py")
        if "chat" in path.read_text(encoding="utf-8").lower()
    ]
    assert left == []


def test_the_tutorial_comes_true(story: Story) -> None:
    """With what its reader does by hand: sign in, and knock at a door that is closed."""
    story.tell("tutorial.md", {".venv/bin/python manage.py explain_refusal": be_refused})

    for block in blocks_of("tutorial.md"):
        if block.language == "text":
            assert any(block.text.strip() in line for line in story.log), block.text


def be_refused(story: Story) -> None:
    """As alice, in a browser: sign in, fetch a token, open `?channel=board`."""
    site = f"http://127.0.0.1:{story.port}"
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar := CookieJar()))
    browser.open(f"{site}/accounts/login/").read()

    def post(path: str, **fields: str) -> bytes:
        csrf = next(cookie.value for cookie in jar if cookie.name == "csrftoken") or ""
        data = urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": csrf}).encode()
        request = urllib.request.Request(f"{site}{path}", data, {"X-CSRFToken": csrf, "Referer": site})
        answer: bytes = browser.open(request).read()
        return answer

    post("/accounts/login/", username="alice", password="demo-password")
    token = json.loads(post("/api/ws-token/"))
    with pytest.raises(InvalidStatus):
        connect(f"{token['url']}?ws_token={token['token']}&channel=board", origin=site)


@pytest.mark.parametrize("page", [*STORIES[1:], "remove-the-example.md", "tutorial.md"])
def test_what_is_only_shown_is_run_elsewhere(page: str) -> None:
    """Each command of a `console` block is known, and the file that runs it is there."""
    shown = [line for block in blocks_of(page) if block.language == "console" for line in block.text.splitlines()]

    assert [line for line in shown if line not in ELSEWHERE and not ALSO_ON_AWS.fullmatch(line)] == []
    assert [line for line in shown if line in ELSEWHERE and not (ROOT / ELSEWHERE[line]).is_file()] == []


@pytest.mark.parametrize("page", pages())
def test_python_is_python(page: str) -> None:
    """Every block of it, in every page."""
    for block in blocks_of(page):
        if block.language == "python":
            ast.parse(re.sub(r"^# .*, in \w+$", "class RealtimeView:", block.text, flags=re.MULTILINE))


def test_the_reference_is_the_codes() -> None:
    """`make docs` writes it anew."""
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "tools/reference.py", "--check"],
        cwd=ROOT,
        env=keep,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


def test_the_sums_of_the_costs_add_up() -> None:
    """Minutes, pings and their sum, at the prices of the page."""
    page = text_of("limits-and-costs.md")
    dollars = {what: float(price) for what, price in re.findall(r"^\| (a .+?) \| \$([\d.]+) \|$", page, re.MULTILINE)}
    first, beyond = dollars["a million messages, up to a billion a month"], dollars["a million messages, beyond"]
    rows = re.findall(r"^\| ([\d,]+) \| \$([\d,.]+) \| \$([\d,.]+) \| \$([\d,.]+) \|$", page, re.MULTILINE)

    assert len(rows) == 3
    for row in rows:
        connections, minutes, pings, together = (float(cell.replace(",", "")) for cell in row)
        messages = connections * 2 * 12 * 24 * 30 / 1e6
        assert minutes == pytest.approx(connections * 43_200 / 1e6 * dollars["a million connection minutes"])
        assert pings == pytest.approx(min(messages, 1_000) * first + max(0, messages - 1_000) * beyond)
        assert together == pytest.approx(minutes + pings)
    for people, units, price in re.findall(r"^\| (\d+) \| (\d+) units \| \$([\d.]+) \|$", page, re.MULTILINE):
        assert int(units) == int(people) + 2
        assert float(price) == float(units) * first


def test_the_diagram_is_one() -> None:
    """Every step of the README's is in the picture, in the same order, and no other."""
    drawn = html.unescape((ROOT / "docs" / "images" / "message.svg").read_text(encoding="utf-8"))
    [source] = re.findall(r"```mermaid\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)

    assert re.findall(r'<text class="label"[^>]*>(.*?)</text>', drawn) == re.findall(r">>\w: (.+)", source) != []
