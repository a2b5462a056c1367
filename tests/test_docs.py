"""The documentation is so: its stories come true, its reference is the code's, its sums add up."""

import configparser
import html
import json
import os
import re
import shlex
import shutil
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

from tests.conftest import load
from tests.rendering import PROJECT, ROOT, Renderer
from tests.shown import Block, blocks_of, commands_of, pages, stories, story_of, text_of
from tests.stories import Story, running


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


@pytest.mark.parametrize("page", stories())
def test_a_story_comes_true(site: Story, page: str) -> None:
    """Every command, file and test of the page, from top to bottom."""
    site.start_over()

    site.tell(story_of(page))


def test_the_example_can_be_removed_in_three_steps(story: Story, shown: list[Block]) -> None:
    """Each step as the page has it; then the checks pass, and so do the tests that remain."""
    assert re.findall(r"^## (\d)\. ", text_of("remove-the-example.md"), re.MULTILINE) == ["1", "2", "3"]

    assert shown
    story.tell(blocks_of("remove-the-example.md"))

    left = [
        path
        for path in (story.project / "realtime").rglob("*.py")
        if "chat" in path.read_text(encoding="utf-8").lower()
    ]
    assert left == []


def test_the_tutorial_comes_true(story: Story, shown: list[Block]) -> None:
    """With what its reader does by hand: sign in, and knock at a door that is closed."""
    [refusal] = [json.loads(block.text) for block in shown if block.language == "json"]

    story.tell(blocks_of("tutorial.md"), {".venv/bin/python manage.py explain_refusal": be_refused})

    messages = (story.project / "gateway" / "exceptions.py").read_text(encoding="utf-8")
    assert f'"{refusal["code"]}", 403, "{refusal["message"]}"' in messages

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


def test_the_readme_of_a_project_comes_true(site: Story, shown: list[Block]) -> None:
    """Its commands, and its handler with what the reader has to bring: the rows."""
    (method,) = [block.text for block in shown if block.language == "python"]
    site.start_over()
    rows = "\n\ndef my_rows(channel_name: str) -> list[dict[str, str]]:\n    return [{'channel': channel_name}]\n"
    test = """
from django.contrib.auth.models import Permission


def test_the_history_takes_a_permission(alice, bob):
    alice.session.user.user_permissions.add(Permission.objects.get(codename="view_chatmessage"))
    history = {"type": "history", "messages": [{"channel": "lobby"}]}
    assert alice.send({"action": "fetch_history"}) == history
    assert bob.send({"action": "fetch_history"})["code"] == "permission_denied"
"""
    site.do_python(Block("python", f"# realtime/views.py, in RealtimeView\n{method}{rows}"), {})
    site.do_python(Block("python", f"# tests/realtime/test_readme.py\n{test}"), {})
    assert "1 passed" in site.run('make test ARGS="tests/realtime/test_readme.py -q"')
    site.start_over()

    site.tell(block for block in shown if block.language == "sh")


def test_the_calls_of_sending_are_made(site: Story, shown: list[Block]) -> None:
    """In a handler, where the page's names are these; then with workers, and with a queue that others made."""
    calls, workers, queue = ("".join(f"    {line}\n" for line in block.text.splitlines()) for block in shown)
    test = f'''
from types import SimpleNamespace

from config import celery
from gateway.models import Broadcast, WebSocketSession


def hand_over(shard_id):
    """Nobody takes it."""


def test_calls(alice, bob):
    session, user, self = alice.session, alice.session.user, SimpleNamespace(websocket_session=alice.session)
{calls}
    assert [frame["type"] for frame in alice.received] == ["hello"] * 3 + ["closing"]
    assert [frame["type"] for frame in bob.received] == ["hello"] * 2
    assert WebSocketSession.objects.get(pk=session.pk).closing_code == "account_suspended"


def test_workers(alice, bob, settings):
    settings.WEBSOCKETS |= {{"SHARD_DISPATCHER": f"{{__name__}}.hand_over", "SHARD_SIZE": 1}}
{workers}
    assert Broadcast.objects.get(pk=delivery.broadcast_id).delivery().pending


def test_queue(settings):
    AWS_REGION = "us-east-1"
{queue}
    assert "broker_transport_options" in celery.defaults()
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = CELERY_BROKER_TRANSPORT_OPTIONS
    assert "broker_transport_options" not in celery.defaults()
'''
    site.start_over()

    site.do_python(Block("python", f"# tests/realtime/test_sending.py\n{test}"), {})

    assert "3 passed" in site.run('make test ARGS="tests/realtime/test_sending.py -q"')


def test_a_template_is_one(site: Story, shown: list[Block]) -> None:
    """Django renders it."""
    (site.project / "page.html").write_text("".join(block.text for block in shown), encoding="utf-8")
    render = "from django.template import *; print(Template(open('page.html').read()).render(Context()))"

    assert 'data-channel="lobby"' in site.run(f'.venv/bin/python manage.py shell -v0 -c "{render}"')


def test_the_clients_tests_are_stages(shown: list[Block]) -> None:
    """The page's first command is the stage `client`; the second names a folder that the stage `sqlite` does not leave out."""
    node, python = (shlex.split(command) for block in shown for command in commands_of(block.text))
    stages = {stage.name: stage.commands for stage in load(ROOT / "tools" / "check.py").stages("not slow")}
    tests = sorted(path for word in node[2:] for path in (ROOT / PROJECT).glob(word))

    assert [[*node[:2], *map(str, tests)]] == [[str(word) for word in words] for words in stages["client"]]
    assert (ROOT / PROJECT / python[-1]).is_dir()
    assert python[-1] not in map(str, stages["sqlite"][0])


def test_systemd_understands_the_units(site: Story, shown: list[Block], tmp_path: Path) -> None:
    """What they start are the page's own commands."""
    for block in shown:
        unit = configparser.ConfigParser(strict=False)
        unit.read_string(block.text)
        kind = "timer" if unit.has_section("Timer") else "service"
        (tmp_path / f"websocket-cleanup.{kind}").write_text(site.here(block.text), encoding="utf-8")
    analyze = shutil.which("systemd-analyze")

    read = subprocess.run(
        [analyze or "true", "verify", *tmp_path.iterdir()], capture_output=True, text=True, check=False
    )

    assert (read.returncode, read.stderr) == (0, "")
    started = {
        line for block in shown for line in re.findall(r"^ExecStart=.*(manage\.py .*)", block.text, re.MULTILINE)
    }
    assert started == {command for block in blocks_of("operations.md", "sh") for command in commands_of(block.text)}


def test_lines_for_cron_can_be_read(site: Story) -> None:
    """Five fields, and a command that runs."""
    line = re.compile(r"^((?:[\d*/,-]+ ){5}) ?(cd /srv/site .*)$", re.MULTILINE)
    commands = [command for page in pages() for _, command in line.findall(text_of(page))]

    assert len(commands) >= 2
    for command in commands:
        site.run(command)


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
