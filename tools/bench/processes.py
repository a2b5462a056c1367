"""Programs that a benchmark starts: waiting for them, what they cost, ending them."""

import json
import os
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

HOST = "127.0.0.1"


class BenchmarkError(Exception):
    """A program that a benchmark needs did not do its part. The message is for the person at the terminal."""


def raise_file_limit() -> None:
    """As many file descriptors as the system allows, for this process and its children."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


def clean_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without what configures Django, AWS or Python, plus `extra`."""
    unwanted = ("AWS_", "DJANGO_", "WEBSOCKET_", "DATABASE_", "PYTHON", "VIRTUAL_ENV", "CELERY_")
    return {key: value for key, value in os.environ.items() if not key.startswith(unwanted)} | dict(extra)


def cpu_seconds(process: psutil.Process) -> float:
    """CPU time of a process and all its descendants, ended ones included once their parent has waited for them."""
    total = 0.0
    for member in [process, *process.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            times = member.cpu_times()
            total += times.user + times.system
    times = process.cpu_times()
    return total + times.children_user + times.children_system


class Program:
    """A child process in a session of its own, ended with all its descendants when the context is left."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        log: Path | None = None,
        talks: bool = False,
        stop_signal: signal.Signals = signal.SIGTERM,
        **options: Any,
    ) -> None:
        """`talks`: its input and output are pipes, see `ask`. `log`: where its output goes otherwise."""
        self.name = Path(str(command[0])).name
        self.log = log
        self._stop_signal = stop_signal
        output: Any = subprocess.PIPE if talks else subprocess.DEVNULL
        errors: Any = None if talks else subprocess.STDOUT
        if log is not None:
            log.parent.mkdir(parents=True, exist_ok=True)
            errors = log.open("wb")
            output = subprocess.PIPE if talks else errors
        self.popen = subprocess.Popen(
            [str(part) for part in command],
            env=dict(environment) if environment is not None else None,
            cwd=folder,
            stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            text=True,
            start_new_session=True,
            **options,
        )
        self.process = psutil.Process(self.popen.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self, patience: float = 10) -> None:
        """End it politely, then not."""
        members = []
        with suppress(psutil.NoSuchProcess):
            members = self.process.children(recursive=True)
        if self.popen.poll() is None:
            self.popen.send_signal(self._stop_signal)
            with suppress(subprocess.TimeoutExpired):
                self.popen.wait(patience)
        for member in [self.process, *members]:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        self.popen.wait()

    def read_line(self) -> str:
        """The next line of its output."""
        if self.popen.stdout is None:
            raise BenchmarkError(f"{self.name} has no output to read.")
        line = self.popen.stdout.readline()
        if not line:
            raise BenchmarkError(f"{self.name} ended without an answer{self._hint()}.")
        return str(line)

    def ask(self, line: str) -> Any:
        """Write one line, read one line of JSON."""
        if self.popen.stdin is None:
            raise BenchmarkError(f"{self.name} cannot be asked.")
        self.popen.stdin.write(line + "\n")
        self.popen.stdin.flush()
        return json.loads(self.read_line())

    def wait_for_port(self, port: int, *, send: bytes = b"", patience: float = 30) -> None:
        """Return as soon as something listens there, and answers `send`."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if self.popen.poll() is not None:
                break
            with suppress(OSError), socket.create_connection((HOST, port), timeout=patience) as connection:
                connection.sendall(send)
                if not send or connection.recv(1):
                    return
            time.sleep(0.05)
        raise BenchmarkError(f"{self.name} does not answer on port {port}{self._hint()}.")

    def _hint(self) -> str:
        return f": see {self.log}" if self.log else ""

    def cpu(self) -> float:
        """CPU seconds so far, of it and its descendants."""
        return cpu_seconds(self.process)

    def resident_bytes(self) -> int:
        """Memory it holds now, without its descendants."""
        return int(self.process.memory_info().rss)


def run(
    command: Iterable[str | Path], *, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> str:
    """Run to the end; its output. Raises BenchmarkError with the last lines when it fails."""
    parts = [str(part) for part in command]
    done = subprocess.run(parts, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise BenchmarkError(f"{' '.join(parts[:4])} ... failed:\n{tail}")
    return done.stdout
