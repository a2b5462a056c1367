"""The documentation as its readers see it: built, with its pictures, and not too many words before something moves."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rendering import PROJECT, ROOT
from tests.shown import README, text_of

WORDS_A_MINUTE = 200
MINUTES = 5
MOVES = {README: "make demo", "tutorial.md": "make run"}
"""Page -> the command after which something is on the screen."""
PICTURE = re.compile(r"!\[[^\]]*\]\((?:docs/)?images/([\w-]+)\.png\)")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The pages of the site."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", folder]
    subprocess.run(command, cwd=ROOT, check=True)
    pages = [*folder.rglob("*.html")]
    assert len(pages) > len([*(ROOT / "docs").glob("*.md")])
    return pages


def test_no_table_is_cut_in_two(built: list[Path]) -> None:
    """A row after a blank line would be a paragraph of pipes."""
    torn = re.compile(r"<p>\s*\|")

    assert [page.name for page in built if torn.search(page.read_text(encoding="utf-8"))] == []


def test_no_block_is_left_open(built: list[Path]) -> None:
    """A fence that is not understood would be shown as it is."""
    assert [page.name for page in built if "```" in page.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("page", MOVES)
def test_something_moves_within_five_minutes(page: str) -> None:
    """Whoever reads 200 words a minute, commands included, has come to the first one that shows something."""
    before, command, _ = text_of(page).partition(MOVES[page])

    assert command
    assert len(re.findall(r"\w[\w'/.:-]*", before)) / WORDS_A_MINUTE <= MINUTES


def test_every_picture_is_a_screenshot_of_a_test() -> None:
    """`make screenshots` makes those that pages show, and no other is there."""
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    shown = {name for page in pages for name in PICTURE.findall(page.read_text(encoding="utf-8"))}
    [copied] = re.findall(r"^PICTURES := (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    journeys = (ROOT / PROJECT / "tests" / "journeys").glob("*.py")
    taken = {
        name
        for path in journeys
        for name in re.findall(r'(?:picture|side_by_side)\(.*"([\w-]+)"\)', path.read_text(encoding="utf-8"))
    }

    assert shown == set(copied.split()) == {path.stem for path in (ROOT / "docs" / "images").glob("*.png")}
    assert shown <= taken
