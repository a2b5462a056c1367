"""Child processes that one command starts, watches and stops."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.core.management.base import CommandError

STOP_SECONDS = 5.0


@dataclass
class Child:
    """A process in a group of its own, so that what it starts (the autoreloader's worker) stops with it."""

    name: str
    popen: subprocess.Popen[bytes]

    @classmethod
    def start(cls, name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> "Child":
        """Runs `manage.py` with `arguments`."""
        command = [sys.executable, "manage.py", *arguments]
        return cls(name, subprocess.Popen(command, env=dict(environment), start_new_session=True))  # noqa: S603

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self.popen.poll()

    def stop(self) -> None:
        """Asks the whole group to end, and ends what does not within `STOP_SECONDS`."""
        for signal_number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.popen.pid, signal_number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(STOP_SECONDS)
                break
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)


def require_free_port(port: int, option: str) -> None:
    """Raises CommandError when something on this machine already listens on `port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CommandError(
                f"Port {port} is taken. Stop what uses it, or choose another one with {option}."
            ) from error


def wait_until_it_answers(child: Child, url: str, *, seconds: float = 30.0) -> None:
    """Returns when `url` answers 200. Raises CommandError when `child` ends before, or does not get there in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if child.exit_code is not None:
            raise CommandError(f"{child.name} stopped with exit code {child.exit_code}; the lines above say why.")
        with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=2):  # noqa: S310
            return
        time.sleep(0.05)
    raise CommandError(f"{child.name} did not answer at {url} within {seconds:.0f} seconds.")
