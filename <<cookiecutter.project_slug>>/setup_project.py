#!/usr/bin/env python3
"""Sets this project up where it stands; `make install` calls it, and running it again does only what is left to do.

    python3 setup_project.py          .env with fresh secrets, .venv, the packages, the database, the gateway's records
    python3 setup_project.py --dev    the same, and the packages for tests and checks

It needs nothing but Python's standard library. An existing `.env` is never touched.
"""

import sys

if sys.version_info < (3, 11):  # before anything that an older Python would stumble over
    sys.exit(
        "Python 3.11 or newer is needed and this is %d.%d: put a newer one first on PATH, or `make PYTHON=python3.12 ...`."
        % sys.version_info[:2]
    )

import argparse
import hashlib
import json
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent

GENERATED = ("DJANGO_SECRET_KEY", "WEBSOCKET_SECRETS")
"""Settings that `.env.example` leaves empty and every copy of the project makes for itself."""

FOREIGN_NAMES = frozenset({"DATABASE_URL", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV"})
FOREIGN_PREFIXES = ("AWS_", "CELERY_", "DJANGO_", "WEBSOCKET_")

SIGNS_OF_NO_NETWORK = (
    "connection", "could not fetch", "dns error", "error sending request", "failed to fetch", "name resolution",
    "network is unreachable", "no matching distribution", "no solution found", "timed out",
)  # fmt: skip


class SetupError(Exception):
    """What went wrong and what to do about it, in one sentence."""


# --- Children -----------------------------------------------------------------------------------------------------


def clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` without what belongs to some other project: a database named in the shell must not be migrated here."""
    kept = {
        name: value
        for name, value in environ.items()
        if name not in FOREIGN_NAMES and not name.startswith(FOREIGN_PREFIXES)
    }
    return kept | {"DOTENV_WINS": "1"}


def run(*command: str | Path, cwd: Path, on_line: Callable[[str], object] = len) -> tuple[int, str]:
    """Run a child to its end in a clean environment; its status and everything it said. It does not outlive this process."""
    said: list[str] = []
    with subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env=clean_environment(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as child:
        try:
            for line in child.stdout or ():
                said.append(line)
                on_line(line)
        except BaseException:
            child.terminate()
            raise
    return child.returncode, "".join(said)


# --- .env ---------------------------------------------------------------------------------------------------------


def env_text(example: str, secret: Callable[[], str]) -> str:
    """The text of `.env`: the example, and a secret of its own for each of the settings in `GENERATED`."""
    empty = {f"{name}=" for name in GENERATED}
    return "\n".join(f"{line}{secret()}" if line in empty else line for line in example.split("\n"))


def write_env(root: Path) -> bool:
    """Make `.env`, readable by its owner alone; False if there is one already."""
    text = env_text((root / ".env.example").read_text(encoding="utf-8"), lambda: secrets.token_urlsafe(48))
    try:
        descriptor = os.open(root / ".env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return True


# --- .venv --------------------------------------------------------------------------------------------------------


def python_of(venv: Path) -> Path:
    return venv / "bin" / "python"


def make_venv(venv: Path, python: str = sys.executable) -> None:
    """Make `venv`, unless there is one that works. It has no pip until pip is what installs the packages."""
    if python_of(venv).exists() and run(python_of(venv), "-c", "", cwd=venv.parent)[0] == 0:
        return
    status, said = run(python, "-m", "venv", "--without-pip", "--clear", venv, cwd=venv.parent)
    if status != 0:
        raise SetupError(
            f"{python} could not make a virtual environment ({last_line(said)}): install its venv module"
            " (Debian and Ubuntu: apt install python3-venv)."
        )


def digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def installed(venv: Path) -> dict[str, str]:
    """The lock files that `venv` was filled from, by name, with their digests."""
    try:
        return dict(json.loads((venv / "installed.json").read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError):
        return {}


def install(venv: Path, locks: Sequence[Path], say: Callable[[str], None] = print) -> bool:
    """Install what `locks` pin, every file checked against its hash; False if nothing has changed since the last time.

    Raises `SetupError` when a package cannot be had, or is not the one that was pinned.
    """
    wanted = {lock.name: digest(lock) for lock in locks}
    done = installed(venv)
    if wanted.items() <= done.items():
        return False
    names = {line.split("==")[0] for lock in locks for line in lock.read_text().splitlines() if "==" in line}
    say(f"Installing the packages of {' and '.join(wanted)} (about {len(names)}) ...")
    arguments = ["--require-hashes", *(f"--requirement={lock}" for lock in locks)]
    if not with_uv(venv, arguments):
        with_pip(venv, arguments, say)
    (venv / "installed.json").write_text(json.dumps(done | wanted), encoding="utf-8")
    return True


def with_uv(venv: Path, arguments: Sequence[str]) -> bool:
    """Whether uv is here and could do it. It may know other indexes than pip does, so its failure is not the end."""
    uv = shutil.which("uv")
    return (
        uv is not None and run(uv, "pip", "install", "--python", python_of(venv), *arguments, cwd=venv.parent)[0] == 0
    )


def with_pip(venv: Path, arguments: Sequence[str], say: Callable[[str], None]) -> None:
    """Let pip do it, with a sign of life every ten packages."""
    if run(python_of(venv), "-m", "pip", "--version", cwd=venv.parent)[0] != 0:
        status, said = run(python_of(venv), "-m", "ensurepip", cwd=venv.parent)
        if status != 0:
            raise SetupError(
                f"This Python cannot put pip into a virtual environment ({last_line(said)}): install its venv module"
                " (Debian and Ubuntu: apt install python3-venv) or uv."
            )
    seen: list[str] = []

    def watch(line: str) -> None:
        if line.startswith("Collecting "):
            seen.append(line)
            if len(seen) % 10 == 0:
                say(f"  {len(seen)} fetched ...")
        elif line.startswith("Installing collected packages"):
            say("  all fetched; unpacking them ...")

    pip = (python_of(venv), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar=off")
    status, said = run(*pip, "--retries=2", *arguments, cwd=venv.parent, on_line=watch)
    if status != 0:
        raise SetupError(why_not_installed(said))


def why_not_installed(said: str) -> str:
    """One sentence for what pip said."""
    if "DO NOT MATCH THE HASHES" in said:
        return "A package is not the one that the lock file pins, so nothing was installed: renew it with `make lock`."
    if any(sign in said.lower() for sign in SIGNS_OF_NO_NETWORK):
        return "The packages could not be fetched: check the network and the package index, then run this again."
    return f"The packages could not be installed: {last_line(said)}"


def last_line(said: str) -> str:
    lines = said.strip().splitlines()
    return lines[-1].strip().rstrip(".:") if lines else "it said nothing"


# --- The project --------------------------------------------------------------------------------------------------


def locks_of(root: Path, *, dev: bool) -> list[Path]:
    """The lock files that apply: always the runtime's, Celery's where it was chosen, those of the checks on request."""
    names = ["requirements.txt", "requirements-celery.txt", *(["requirements-dev.txt"] if dev else [])]
    return [root / name for name in names if (root / name).exists()]


def manage(root: Path, *arguments: str) -> None:
    status, said = run(python_of(root / ".venv"), "manage.py", *arguments, cwd=root)
    if status != 0:
        reason = last_line(said) if "Traceback" in said else said.strip()
        raise SetupError(f"`manage.py {arguments[0]}` failed: {reason}")


def set_up(root: Path, *, dev: bool, database: bool, say: Callable[[str], None] = print) -> None:
    """Every step in its order; each is quick when there is nothing left for it to do."""
    if write_env(root):
        say("Made .env, with secrets of its own.")
    make_venv(root / ".venv")
    install(root / ".venv", locks_of(root, dev=dev), say)
    if database:
        manage(root, "migrate", "--no-input", "--verbosity=0")
        manage(root, "register_gateway")


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Set this project up: .env, .venv, packages, database, gateway records."
    )
    parser.add_argument("--dev", action="store_true", help="install the packages for tests and checks as well")
    parser.add_argument(
        "--no-database", action="store_true", help="leave the database alone (`manage.py dev` prepares it)"
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        set_up(ROOT, dev=options.dev, database=not options.no_database)
    except SetupError as error:
        print(f"The set-up stopped. {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("The set-up was interrupted; run it again and it goes on from here.", file=sys.stderr)
        return 130
    print("The project is set up.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
