"""Child processes that one command starts, watches and stops, and that do not outlive it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

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

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        code = self.popen.wait()
        return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"

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


class Leash:
    """Kills the children it holds when this process is killed, which leaves no time to stop them."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe

    def hold(self, child: Child) -> None:
        self._tell(child.popen.pid)

    def release(self, child: Child) -> None:
        """The child has ended: its number may come to mean another process."""
        self._tell(-child.popen.pid)

    def _tell(self, number: int) -> None:
        # It may have been killed itself; the children can do without.
        with contextlib.suppress(BrokenPipeError):
            self._pipe.write(b"%d\n" % number)
            self._pipe.flush()


@contextmanager
def leash() -> Iterator[Leash]:
    """A leash for the time of a `with` block: a small process of its own, which reads a pipe that ends with this one."""
    command = [sys.executable, "-I", str(Path(__file__).with_name("leash.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as holder:  # noqa: S603
        yield Leash(cast("IO[bytes]", holder.stdin))


def require_free_port(port: int, option: str) -> None:
    """Raises CommandError when nothing of ours can listen on `port`."""
    if not 0 < port < 65_536:
        raise CommandError(f"{port} is no port. Choose one from 1 to 65535 with {option}.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise CommandError(
                f"Port {port} may be used by an administrator only. Choose another one with {option}."
            ) from None
        except OSError as error:
            raise CommandError(
                f"Port {port} is taken. Stop what uses it, or choose another one with {option}."
            ) from error


def wait_until_it_answers(child: Child, url: str, *, seconds: float = 30.0) -> None:
    """Returns when `url` answers 200. Raises CommandError when `child` ends before, or does not get there in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if child.exit_code is not None:
            raise CommandError(f"{child.name} {child.ending}; the lines above say why.")
        with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=2):  # noqa: S310
            return
        time.sleep(0.05)
    raise CommandError(f"{child.name} did not answer at {url} within {seconds:.0f} seconds.")
