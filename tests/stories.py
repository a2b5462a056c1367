"""Pages of the documentation as stories: their blocks are carried out, from top to bottom, in a fresh project that runs.

    ```sh       each command runs; what a ```text block right after it shows must be in its output
    ```python   the file that its first line names is written, or, with ", in NAME" after it, its last class gets one more method
    ```diff     the files are changed

Other blocks are shown to readers only.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Event, Thread
from typing import IO

from tests.children import free_port
from tests.rendering import ROOT

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"# ([\w./-]+\.py)(, in \w+)?\n")
CHANGED_BY_PAGES = ("config", "realtime", "tests/realtime")
SOMETHING_TO_DO = 2
READY_SECONDS = 90


@dataclass(frozen=True)
class Block:
    """One fenced block, with the output that the page shows for it."""

    language: str
    text: str
    output: str = ""


def pages() -> list[str]:
    """Every page, as a path below docs/."""
    return sorted(path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md"))


def text_of(page: str) -> str:
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


def blocks_of(page: str) -> list[Block]:
    """The page's fenced blocks, in order."""
    return [Block(*found) for found in BLOCK.findall(text_of(page))]


def commands_of(text: str) -> Iterator[str]:
    """The commands of a block; one may go over several lines within quotes."""
    lines: list[str] = []
    for line in text.splitlines():
        lines.append(line)
        try:
            shlex.split("\n".join(lines))
        except ValueError:  # a quotation goes on
            continue
        if "".join(lines).strip():
            yield "\n".join(lines)
        lines = []


@dataclass
class Story:
    """A generated project, in which the site runs while the story is told."""

    project: Path
    port: int
    gateway_port: int
    untouched: Path
    """The project's own files, as they were rendered."""
    log: list[str] = field(default_factory=list)
    ready: Event = field(default_factory=Event)

    def listen(self, site: IO[str]) -> None:
        """Keeps what the site says; `ready` is set when it is, or has ended."""
        for line in site:
            self.log.append(line.rstrip())
            if line.startswith("READY"):
                self.ready.set()
        self.ready.set()

    def start_over(self) -> None:
        """What earlier pages wrote goes; their rows stay."""
        for folder in CHANGED_BY_PAGES:
            shutil.rmtree(self.project / folder)
            shutil.copytree(self.untouched / folder, self.project / folder)

    def tell(self, page: str, before: Mapping[str, Callable[["Story"], None]] | None = None) -> None:
        """Carries the page out. `before` a command that starts so, something happens that the page's reader does by hand."""
        for block in blocks_of(page):
            getattr(self, f"do_{block.language}", lambda *_: None)(block, before or {})

    def do_sh(self, block: Block, before: Mapping[str, Callable[["Story"], None]]) -> None:
        for command in commands_of(block.text):
            for beginning, happens in before.items():
                if command.startswith(beginning):
                    happens(self)
            said = self.run(command)
        for line in filter(str.strip, block.output.splitlines()):
            assert line.strip() in said, f"{line!r} is not in what {command!r} says:\n{said}"

    def do_python(self, block: Block, _: object) -> None:
        named = NAMED.match(block.text)
        assert named is not None, f"Which file is this?\n{block.text}"
        path = self.project / named[1]
        body = block.text[named.end() :]
        path.write_text(f"{path.read_text(encoding='utf-8')}\n{body}" if named[2] else body, encoding="utf-8")

    def do_diff(self, block: Block, _: object) -> None:
        subprocess.run(
            ["git", "apply", "-p0", "--unidiff-zero"], cwd=self.project, input=block.text, text=True, check=True
        )

    def run(self, command: str) -> str:
        """What the command prints. A plan says with its exit code whether there is something to do."""
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.project, env=environment(), capture_output=True, text=True, check=False
        )
        fine = {0, SOMETHING_TO_DO} if "--plan" in command else {0}
        assert done.returncode in fine, f"{command} -> {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr


def environment() -> dict[str, str]:
    """A shell in which nothing of another project is set."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}


def install(project: Path) -> None:
    """What `make install` and `make dev` leave behind; the packages are this environment's, which are pinned the same."""
    venv = project / ".venv"
    venv.mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (venv / name).symlink_to(Path(sys.prefix) / name)
    locks = {lock.name: sha256(lock.read_bytes()).hexdigest() for lock in project.glob("requirements*.txt")}
    (venv / "installed.json").write_text(json.dumps(locks), encoding="utf-8")


@contextmanager
def running(project: Path) -> Iterator[Story]:
    """`make run`, until the story is over."""
    untouched = project.with_name("untouched")
    for folder in CHANGED_BY_PAGES:
        shutil.copytree(project / folder, untouched / folder)
    install(project)
    story = Story(project, free_port(), free_port(), untouched)
    command = ["make", "run", f"PORT={story.port}", f"GATEWAY_PORT={story.gateway_port}", f"PYTHON={sys.executable}"]
    with subprocess.Popen(
        command, cwd=project, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as site:
        assert site.stdout is not None
        reader = Thread(target=story.listen, args=(site.stdout,))
        try:
            reader.start()
            assert story.ready.wait(READY_SECONDS), "\n".join(story.log)
            assert site.poll() is None, "\n".join(story.log)
            yield story
        finally:
            site.terminate()
            site.wait(20)
            reader.join()
