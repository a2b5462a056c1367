"""Programs that tests run: to their end, whatever these leave behind, and on ports that are nobody's."""

import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil


class Done(NamedTuple):
    """How it ended, what it and its children said, and the command lines of those of them that outlived it."""

    returncode: int | None
    """None where it had not ended in time."""
    output: str
    left_behind: list[str]


def run_to_the_end(command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str], seconds: float) -> Done:
    """Run it in a process group of its own, of which nothing is alive afterwards.

    What it says goes to a file: a pipe would be open for as long as anything that it started holds it.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        child = subprocess.Popen(
            command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
        )
        try:
            returncode = child.wait(seconds)
        except subprocess.TimeoutExpired:
            returncode = None
        finally:
            left_behind = _end_group(child)
        said.seek(0)
        return Done(returncode, said.read(), left_behind)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _end_group(child: "subprocess.Popen[bytes]") -> list[str]:
    others = [process for process in psutil.process_iter() if process.pid != child.pid and _group(process) == child.pid]
    names = [" ".join(process.cmdline()) for process in others if process.is_running()]
    if names or child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    return names


def _group(process: psutil.Process) -> int | None:
    try:
        return os.getpgid(process.pid)
    except ProcessLookupError:
        return None
