"""The pages about checks and handlers are no stories: their tables are complete and their examples run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rendering import PROJECT, ROOT, Renderer
from tests.shown import Block

SECURITY = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ENGINE = ROOT / PROJECT / "gateway"
ROW = re.compile(
    r"^\| (?:every|connect|message|disconnect) \| `(\w+)` \| .+? \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE
)


def sources(folder: str) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((ENGINE / folder).glob("*.py")))


def test_every_guard_has_a_row() -> None:
    """And every row a guard that is asked."""
    asked = set(re.findall(r"(\w+)\(\)", re.sub(r'""".*?"""', "", sources_of_lists(), flags=re.DOTALL)))

    assert {row[0] for row in ROW.findall(SECURITY)} == asked - {"HasPageOrigin"}


def sources_of_lists() -> str:
    return (ENGINE / "guards" / "__init__.py").read_text(encoding="utf-8")


def test_every_refusal_is_named() -> None:
    """With the status that it has."""
    tree = (ENGINE / "exceptions.py").read_text(encoding="utf-8")
    codes = re.findall(r'code, status, message = "(\w+)", (\d+)', tree)

    assert len(codes) > 20
    assert [code for code, status in codes if f"`{code}` {status}" not in SECURITY] == []


def test_every_setting_exists() -> None:
    """In `WEBSOCKETS`, on the view, or on a model."""
    known = (ENGINE / "conf.py").read_text() + (ENGINE / "views" / "websocket.py").read_text() + sources("models")
    named = {name for row in ROW.findall(SECURITY) for name in re.findall(r"`(?:ApiGateway\.)?(\w+)`", row[1])}

    assert len(named) > 15
    assert [name for name in sorted(named) if not re.search(rf"\b{name}\b", known)] == []


def test_every_test_exists() -> None:
    """Each row names a file of tests."""
    files = {name for row in ROW.findall(SECURITY) for name in re.findall(r"`([\w/]+\.py)`", row[3])}

    assert len(files) > 8
    assert [name for name in files if not (ROOT / PROJECT / "tests" / "gateway" / name).is_file()] == []


def test_every_check_is_named() -> None:
    """The ids that `manage.py check` reports, no more and no fewer."""
    reported = set(re.findall(r'id="gateway\.([EW]\d+)"', (ENGINE / "checks.py").read_text(encoding="utf-8")))

    assert set(re.findall(r"`(?:gateway\.)?([EW]\d{3})`", SECURITY)) == reported


@pytest.fixture
def project(render: Renderer, tmp_path: Path, shown: list[Block]) -> Path:
    """A fresh project, with the page's files written into it."""
    rendered = render.fresh(tmp_path, setup_now=False)
    for block in shown:
        name, text = block.text.removeprefix("# ").split("\n", 1)
        (rendered / name).write_text(text, encoding="utf-8")
    return rendered


def test_the_example_works(project: Path) -> None:
    """The view and its test, exactly as the page has them."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment |= {"DJANGO_SECRET_KEY": "k" * 50, "WEBSOCKET_SECRETS": "s" * 40, "PYTHONDONTWRITEBYTECODE": "1"}

    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests/realtime/test_ask.py"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "4 passed" in tested.stdout
