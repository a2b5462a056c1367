"""Carries out a Dockerfile without an engine.

All stages share one folder that stands for `/`; what commands say of `/venv` and `/app` is turned into paths below it. So the
steps are the file's own, while the operating system, its users and its limits are this machine's.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

INSTRUCTION = re.compile(r"(FROM|WORKDIR|COPY|RUN|ENV|USER|EXPOSE|HEALTHCHECK|CMD)\s+(.*)", re.DOTALL)
NEEDS_AN_ENGINE = ("useradd ",)


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """Each instruction and what follows it, comments left out and lines joined."""
    lines = [line for line in dockerfile.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    found = [INSTRUCTION.fullmatch(line.strip()) for line in joined.splitlines() if line.strip()]
    assert None not in found, f"{dockerfile} holds an instruction that is not known here"
    return [(match[1], match[2].strip()) for match in found if match]


def is_ignored(path: str, patterns: list[str]) -> bool:
    """Whether `.dockerignore` keeps a path, relative to the context, out of the image."""
    parts = path.split("/")
    prefixes = ["/".join(parts[: end + 1]) for end in range(len(parts))]
    for pattern in patterns:
        anywhere = pattern.removeprefix("**/")
        if anywhere != pattern and any(fnmatch(part, anywhere) for part in parts):
            return True
        if any(prefix.count("/") == pattern.count("/") and fnmatch(prefix, pattern) for prefix in prefixes):
            return True
    return False


@dataclass
class Image:
    """What the file's steps have left below `root`."""

    root: Path
    context: Path
    python: Path
    """Stands for the interpreter of the base image."""
    workdir: str = "/"
    user: str = "root"
    environment: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)

    def build(self) -> None:
        """All instructions, in order; a stage begins without the settings of the one before."""
        (self.root / "bin").mkdir(parents=True)
        (self.root / "bin" / "python").write_text(f'#!/bin/sh\nexec "{self.python}" "$@"\n', encoding="utf-8")
        (self.root / "bin" / "python").chmod(0o755)
        for name, rest in instructions(self.context / "Dockerfile"):
            getattr(self, f"do_{name.lower()}")(rest)

    def inside(self, text: str) -> str:
        """`text` with absolute paths of the image turned into those of this machine."""
        return re.sub(r"(?<![\w./-])/(?=(venv|app|build)\b)", f"{self.root}/", text)

    def variables(self) -> dict[str, str]:
        """The environment of a process in the image, and what fetching packages takes on this machine."""
        ours = {key: value for key, value in os.environ.items() if key.startswith(("PIP_", "SSL_", "HOME", "LANG"))}
        path = self.environment.get("PATH", "").replace(":$PATH", ":")
        return ours | self.environment | {"PATH": f"{self.inside(path)}{self.root / 'bin'}:/usr/bin:/bin"}

    def path(self, name: str) -> Path:
        """A path of the image, relative ones in the working directory."""
        return self.root / os.path.join(self.workdir, name).lstrip("/")

    def do_from(self, _: str) -> None:
        self.workdir, self.user, self.environment = "/", "root", {}

    def do_workdir(self, name: str) -> None:
        self.workdir = name
        self.path(".").mkdir(parents=True, exist_ok=True)

    def do_copy(self, rest: str) -> None:
        words = rest.split()
        if words[0].startswith("--from="):
            assert words[1] == words[2], "the stages share their folders here"
            assert self.path(words[1]).exists()
            return
        *sources, target = words
        patterns = (self.context / ".dockerignore").read_text(encoding="utf-8").split("\n")
        patterns = [line for line in patterns if line and not line.startswith("#")]
        for source in sources:
            pattern = "**/*" if source == "." else source
            found = [path for path in self.context.glob(pattern) if path.is_file()]
            assert found, f"COPY finds nothing for {source}"
            for path in found:
                name = path.relative_to(self.context).as_posix()
                if not is_ignored(name, patterns):
                    copied = self.path(target) / name
                    copied.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(path, copied)

    def do_run(self, script: str) -> None:
        if script.startswith(NEEDS_AN_ENGINE):
            return
        done = subprocess.run(
            ["sh", "-ec", self.inside(script)],
            cwd=self.path("."),
            env=self.variables(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"

    def do_env(self, rest: str) -> None:
        self.environment |= dict(word.split("=", 1) for word in rest.split())

    def do_user(self, name: str) -> None:
        self.user = name

    def do_expose(self, _: str) -> None:
        """Nothing to do: a container's own affair."""

    def do_healthcheck(self, rest: str) -> None:
        self.health = json.loads(rest.partition("CMD")[2])

    def do_cmd(self, rest: str) -> None:
        self.command = json.loads(rest)


def python_of_the_image(version: str) -> Path:
    """That version if this machine has it, else the one that runs."""
    from tests.interpreters import interpreter

    return interpreter(version) or Path(sys.executable)
