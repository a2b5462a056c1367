"""Where and with what a run was made: figures mean nothing without it."""

import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from bench.paths import ROOT
from bench.sides import COMPARED, PEER


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _first_line(*command: str) -> str:
    if shutil.which(command[0]) is None:
        return "not installed"
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0] if lines else "unknown"


def describe() -> dict[str, str]:
    """The machine and the versions that matter."""
    revision = _first_line("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD")
    return {
        "taken on": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "revision": revision,
        "machine": f"{os.cpu_count()} x {_processor()}, {psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "peer": PEER,
        "both sides": ", ".join(f"{name} {version(name)}" for name in COMPARED),
        "ours besides": ", ".join(f"{name} {version(name)}" for name in ("aiohttp", "websockets", "celery")),
        "tools": ", ".join(
            [
                _first_line("wrk", "-v").split(" Copyright")[0],
                _first_line("nginx", "-v"),
                _first_line("cc", "--version"),
            ]
        ),
    }
