"""`make test`: every stage with its name and time; all of them run, and any that fails fails the whole.

    python tools/check.py                 all stages
    python tools/check.py lint types      these

A stage that needs something this machine lacks (PostgreSQL, Chromium, Node) is left out with a line that says so, and under
`CI=true` it fails instead.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ROOT / "<<cookiecutter.project_slug>>"
BIN = ROOT / ".venv" / "bin"
DATABASE = os.environ.get("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/template")

# As in the generated project's Makefile: words that stand for secrets in examples and tests are none, and the keyword detector
# takes every sentence about a password for one.
SECRETS = (
    "git ls-files -z | xargs -0 {}/detect-secrets-hook --disable-plugin KeywordDetector "
    "--exclude-secrets '^(local|password|site|word|(0123456789abcdef)+)$'"
)

IN_CI = bool(os.environ.get("CI"))
STRICT = ("-p", "no_skips") if IN_CI else ()
WHOLE_SUITES = ("-o", "timeout=0")
"""For tests that are suites: those inside have the time limit."""
STAGE_SECONDS = 2_400
"""More than the longest stage takes where the machine has other work: what goes on for longer has hung."""
PARALLEL = ("-n", str(os.cpu_count() or 1), "--dist", "loadfile")

Command = Sequence[str | Path]


@dataclass(frozen=True)
class Stage:
    """Commands that prove one thing together."""

    name: str
    commands: Sequence[Command]
    lacking: Callable[[], str | None] = lambda: None
    """What this machine lacks for it, or None."""
    cwd: Path = ROOT
    environment: Mapping[str, str] = field(default_factory=dict)


def no_postgresql() -> str | None:
    address = urlsplit(DATABASE)
    host, port = address.hostname or "127.0.0.1", address.port or 5432
    try:
        socket.create_connection((host, port), timeout=3).close()
    except OSError:
        return f"PostgreSQL does not answer at {host}:{port}; TEST_DATABASE_URL says where it is"
    return None


def no_program(*names: str) -> str | None:
    return None if any(map(shutil.which, names)) else f"there is no {names[0]}"


def inplace(*arguments: str) -> Command:
    """A tool in the template folder, with the root's configuration."""
    return (ROOT / "tools" / "inplace", *arguments)


def engine(*arguments: str) -> Command:
    """The tests of the engine and the emulator, where they stand."""
    left_out = ("--ignore", "tests/realtime", "--ignore", "tests/journeys")
    return inplace("pytest", "-q", *STRICT, *left_out, *PARALLEL, *arguments)


NO_DATABASE = (
    "client",
    "conformance",
    "emulator",
    "gateway/provisioning/test_custom_domain.py",
    "gateway/provisioning/test_resume.py",
)
"""What does not care which database there is, and takes long."""


def template(*arguments: str) -> Command:
    """The template's own tests."""
    return (BIN / "python", "-m", "pytest", "-q", "-p", "no:django", *STRICT, *arguments)


def schema(name: str, path: str) -> Command:
    """Whether a file, here and in the project, is what its reader expects."""
    return (BIN / "check-jsonschema", "--builtin-schema", f"vendor.{name}", path, PROJECT / path)


def stages(marks: str) -> list[Stage]:
    """All there are, the quick ones first."""
    ours = ("hooks", "tools", "tests")
    code = [PROJECT / name for name in ("accounts", "config", "emulator", "gateway", "manage.py", "setup_project.py")]
    apart = ("generated", "image", "journeys", "matrix")
    quick = [word for name in apart for word in ("--ignore", f"tests/test_{name}.py")]
    return [
        Stage("lint", [inplace("ruff"), (BIN / "ruff", "check", *ours), (BIN / "ruff", "format", "--check", *ours)]),
        Stage("types", [inplace("mypy"), inplace("mypy", "setup_project.py", "../tools/demo.py", "../tools/check.py")]),
        Stage("imports", [inplace("imports")]),
        Stage(
            "scans",
            [
                (BIN / "bandit", "--quiet", "--configfile", "pyproject.toml", "--recursive", *code, "hooks", "tools"),
                (BIN / "zizmor", "--offline", "--quiet", ".github", PROJECT / ".github"),
                schema("github-workflows", ".github/workflows/ci.yml"),
                schema("dependabot", ".github/dependabot.yml"),
                (BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", PROJECT / "compose.yml"),
                (BIN / "hadolint", PROJECT / "Dockerfile"),
                ("bash", "-o", "pipefail", "-c", SECRETS.format(BIN)),
            ],
        ),
        Stage(
            "client", [("node", "--test", *sorted(PROJECT.glob("tests/client/*.test.mjs")))], lambda: no_program("node")
        ),
        Stage(
            "docs",
            [(BIN / "python", "tools/reference.py", "--check"), (BIN / "mkdocs", "build", "--quiet", "--strict")],
            environment={"NO_MKDOCS_2_WARNING": "1"},
        ),
        Stage("template", [template("tests", *quick, "-m", marks, *PARALLEL)]),
        Stage("sqlite", [engine("-m", marks)]),
        Stage(
            "postgresql",
            [engine("-m", marks, "--create-db", *(f"--ignore=tests/{name}" for name in NO_DATABASE))],
            no_postgresql,
            environment={"DATABASE_URL": DATABASE},
        ),
        Stage("generated", [template("tests/test_generated.py", "-m", marks, *WHOLE_SUITES)]),
        Stage("matrix", [template("tests/test_matrix.py", "-rs", *WHOLE_SUITES)]),
        Stage("image", [template("tests/test_image.py")]),
        Stage(
            "journeys",
            [template("tests/test_journeys.py", *WHOLE_SUITES)],
            lambda: no_program("chromium", "chromium-browser", "google-chrome"),
        ),
    ]


def outside() -> dict[str, str]:
    """The environment without what `make` tells the `make` of a generated project: that one is nobody's child."""
    return {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}}


def run(stage: Stage) -> bool:
    """Whether every command of the stage succeeded; the first that does not ends it."""
    ours = {"PYTHONPATH": f"{ROOT / 'tools'}", "SCREENSHOTS": f"{ROOT / 'build' / 'screenshots'}"}
    for command in stage.commands:
        words = [str(word) for word in command]
        print("$", " ".join(words).replace(f"{ROOT}/", ""), flush=True)
        if not ends_well(words, stage.cwd, {**outside(), **ours, **stage.environment}):
            return False
    return True


def ends_well(words: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> bool:
    """Run it to its end, or to the end of our patience, and nothing of it any longer."""
    with subprocess.Popen(words, cwd=cwd, env=environment, start_new_session=True) as child:
        try:
            return child.wait(STAGE_SECONDS) == 0
        except subprocess.TimeoutExpired:
            print(f"It has hung: {STAGE_SECONDS} s have passed.", flush=True)
            return False
        finally:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)


def outcome(stage: Stage) -> str:
    """Run one stage; `passed`, `FAILED` or why it was left out."""
    lacking = stage.lacking()
    if lacking and not IN_CI:
        return f"left out: {lacking}"
    if lacking:
        return f"FAILED: {lacking}"
    return "passed" if run(stage) else "FAILED"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stages", nargs="*", metavar="STAGE", help="which stages; all if none is named")
    parser.add_argument("--marks", default="not slow", help="pytest's -m (not slow)")
    options = parser.parse_args()
    every = stages(options.marks)
    chosen = [stage for stage in every if not options.stages or stage.name in options.stages]
    if unknown := set(options.stages) - {stage.name for stage in every}:
        parser.error(f"no stage is called {', '.join(sorted(unknown))}; there are {', '.join(s.name for s in every)}")
    lines = []
    for stage in chosen:
        print(f"\n=== {stage.name}", flush=True)
        began = time.monotonic()
        result = outcome(stage)
        lines.append(f"  {stage.name:<12} {time.monotonic() - began:6.0f} s  {result}")
        print(lines[-1], flush=True)
    print("\n" + "\n".join(lines))
    return 1 if any("FAILED" in line for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
