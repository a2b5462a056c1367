"""Renders the template in this process, from exactly the files that git knows."""

import shutil
import subprocess
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from cookiecutter.main import cookiecutter

ROOT = Path(__file__).resolve().parent.parent
PROJECT = "<<cookiecutter.project_slug>>"

OPTIONS = ("use_terraform", "use_celery", "setup_now")


def known_files() -> list[str]:
    """What is tracked and what would be: relative paths, in order."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return sorted({name for name in names if name and (ROOT / name).is_file()})


def copy_of_the_repository(folder: Path) -> Path:
    """A clean checkout without the history: caches and databases of the work tree stay behind."""
    for name in known_files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    return folder


def is_verbatim(path: str, patterns: list[str]) -> bool:
    """Whether cookiecutter copies `path` as it is: it, or a folder above it, matches a pattern."""
    parts = path.split("/")
    prefixes = ["/".join(parts[: end + 1]) for end in range(len(parts))]
    return any(fnmatch(prefix, pattern) for prefix in prefixes for pattern in patterns)


class Renderer:
    """Renders each set of answers once."""

    def __init__(self, template: Path, folder: Path) -> None:
        self.template = template
        self.folder = folder
        self.done: dict[str, Path] = {}
        self.config = folder / "config.yaml"
        folder.mkdir(parents=True, exist_ok=True)
        self.config.write_text(f"replay_dir: {folder / 'replay'}\ncookiecutters_dir: {folder / 'clones'}\n")

    def __call__(self, **answers: Any) -> Path:
        """The project that `answers` give; the defaults for the rest, but not set up unless asked for."""
        key = repr(sorted(answers.items()))
        if key not in self.done:
            self.done[key] = self.fresh(self.folder / str(len(self.done)), **answers)
        return self.done[key]

    def fresh(self, output: Path, **answers: Any) -> Path:
        """The same, into a folder of the caller's."""
        rendered = cookiecutter(
            str(self.template),
            no_input=True,
            extra_context={"setup_now": False} | answers,
            output_dir=str(output),
            config_file=str(self.config),
        )
        return Path(rendered)


def files_in(folder: Path) -> frozenset[str]:
    """Relative paths of all files below `folder`."""
    return frozenset(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
