"""`manage.py emulator` as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

READY = "emulator listening on "


def start(*options: str) -> "subprocess.Popen[str]":
    """The command, with everything that it says in pipes."""
    return subprocess.Popen(
        [sys.executable, "manage.py", "emulator", *options],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(process: "subprocess.Popen[str]") -> None:
    if process.poll() is None:
        process.kill()
    process.communicate()


def url_of(process: "subprocess.Popen[str]") -> str:
    """The address in the line that says it is ready."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith(READY), line
    return line.removeprefix(READY).strip()


@contextmanager
def running_command(*options: str) -> Iterator[str]:
    """The address of an emulator that runs for the time of a `with` block."""
    process = start("--port", "0", *options)
    try:
        yield url_of(process)
    finally:
        end(process)
