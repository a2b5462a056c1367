"""Pages of the documentation as stories: their blocks are carried out, from top to bottom, in a fresh project that runs.

    ```sh       each command runs; what a ```text block right after it shows must be in its output
    ```python   the file that its first line names is written, or, with ", in NAME" after it, its last class gets one more method
    ```diff     the files are changed

A command that would go on for ever is stopped once it says that it is ready.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Event, Thread
from typing import IO

from tests.children import free_port
from tests.shown import Block, commands_of, why_not_run

NAMED = re.compile(r"# ([\w./-]+\.py)(, in \w+)?\n")
CHANGED_BY_PAGES = ("config", "realtime", "tests/realtime")
SOMETHING_TO_DO = 2
READY_SECONDS = 90
RUN = "make run"
"""The command that a story begins with."""
GO_ON = {
    "manage.py emulator --port": "emulator listening",
    "config worker": "[queues]",
    "config beat": "LocalTime",
}
"""What ends with Ctrl-C only: part of the command, and what it says when it is ready."""


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

    def tell(self, blocks: Iterable[Block], before: Mapping[str, Callable[["Story"], None]] | None = None) -> None:
        """Carries blocks out. `before` a command that starts so, something happens that the page's reader does by hand."""
        for block in blocks:
            if block.language in {"sh", "python", "diff"}:
                getattr(self, f"do_{block.language}")(block, before or {})

    def do_sh(self, block: Block, before: Mapping[str, Callable[["Story"], None]]) -> None:
        said = command = ""
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
        if command == RUN or why_not_run(command):
            return ""  # it runs already, or cannot be run here
        ready = next((says for part, says in GO_ON.items() if part in command), None)
        if ready:
            return self.start_and_stop(self.here(command), ready)
        done = subprocess.run(
            ["bash", "-c", self.here(command)],
            cwd=self.project,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        fine = {0, SOMETHING_TO_DO} if "--plan" in command else {0}
        assert done.returncode in fine, f"{command} -> {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def here(self, command: str) -> str:
        """The same on this machine, where ports are those that were free."""
        command = re.sub(r"^manage\.py", ".venv/bin/python manage.py", command)
        command = command.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}").replace(" --port 8001", " --port 0")
        command = command.replace("127.0.0.1:8001", f"127.0.0.1:{self.gateway_port}").replace(
            "/srv/site", str(self.project)
        )
        return command.replace("emulator --restart", f"emulator --port {self.gateway_port} --restart")

    def start_and_stop(self, command: str, ready: str) -> str:
        """What it says until it is ready. No broker runs here: Celery is told of one in its own memory."""
        with subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=self.project,
            env=environment() | {"CELERY_BROKER_URL": "memory://"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as child:
            assert child.stdout is not None
            said: list[str] = []
            for line in child.stdout:
                said.append(line)
                if ready in line:
                    child.send_signal(signal.SIGINT)
                    break
            child.stdout.read()
        assert any(ready in line for line in said), f"{command}\n{''.join(said)}"
        return "".join(said)


def environment() -> dict[str, str]:
    """A shell in which nothing of another project is set."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}


def install(project: Path) -> None:
    """What `make install` and `make dev` leave behind; the packages are this environment's, which are pinned the same."""
    venv = project / ".venv"
    shutil.rmtree(venv, ignore_errors=True)
    venv.mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (venv / name).symlink_to(Path(sys.prefix) / name)
    locks = {lock.name: sha256(lock.read_bytes()).hexdigest() for lock in project.glob("requirements*.txt")}
    (venv / "installed.json").write_text(json.dumps(locks), encoding="utf-8")


@contextmanager
def running(project: Path, command: str = RUN, folder: Path | None = None) -> Iterator[Story]:
    """`make run`, in the project or as a command of another folder, until the story is over."""
    untouched = project.with_name("untouched")
    for name in CHANGED_BY_PAGES:
        shutil.copytree(project / name, untouched / name)
    install(project)
    story = Story(project, free_port(), free_port(), untouched)
    ports = f"PORT={story.port} GATEWAY_PORT={story.gateway_port} PYTHON={sys.executable}"
    with subprocess.Popen(
        ["bash", "-c", command.replace("make run", f"exec make run {ports}")],
        cwd=folder or project,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
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
