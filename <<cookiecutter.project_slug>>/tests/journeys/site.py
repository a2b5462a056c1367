"""The whole site on free ports, as `manage.py dev` runs it, with a database and a gateway state of its own."""

import contextlib
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 60
OF_THE_TESTS = ("AWS_", "DJANGO_", "WEBSOCKET_", "DATABASE_")


def free_port() -> int:
    """A port that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@dataclass
class Site:
    """A running `manage.py dev`."""

    process: subprocess.Popen[str]
    port: int
    gateway_port: int
    environment: dict[str, str]
    lines: list[str] = field(default_factory=list)
    fresh: "queue.Queue[str]" = field(default_factory=queue.Queue)

    @classmethod
    def start(cls, folder: Path, *, port: int = 0, gateway_port: int = 0) -> "Site":
        """Starts in `folder`, on free ports unless some are given, and returns when the site says READY."""
        port, gateway_port = port or free_port(), gateway_port or free_port()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(OF_THE_TESTS)}
        environment = inherited | {
            "DOTENV_WINS": "false",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DJANGO_DEBUG": "true",
            "DJANGO_SECRET_KEY": "journeys-only-" * 4,
            "WEBSOCKET_SECRETS": "journeys-only-" * 4,
            "DATABASE_URL": f"sqlite:///{folder / 'journey.sqlite3'}",
        }
        command = [
            *(sys.executable, "manage.py", "dev"),
            *("--port", str(port), "--gateway-port", str(gateway_port), "--state", str(folder / "gateway.json")),
        ]
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        site = cls(process, port, gateway_port, environment)
        threading.Thread(target=site._read, daemon=True).start()
        site.wait_for_line("READY")
        return site

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            self.fresh.put(line)
        self.fresh.put("")

    def wait_for_line(self, text: str) -> str:
        """The next line that holds `text`."""
        while True:
            line = self.fresh.get(timeout=READY_SECONDS)
            if text in line:
                return line
            if not line:
                raise AssertionError("The site ended:\n" + "".join(self.lines[-40:]))

    @property
    def first_address(self) -> str:
        """Where one person signs in."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def second_address(self) -> str:
        """Where another person signs in with the same browser: another name keeps other cookies."""
        return f"http://localhost:{self.port}/"

    def processes(self) -> dict[int, str]:
        """The command lines of everything the site runs, by process id."""
        # Without -ww a command line may end at the 80th character.
        command = ["ps", "-A", "-ww", "-o", "pid=,args="]
        listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        rows = (line.strip().split(None, 1) for line in listing.splitlines())
        return {
            int(pid): arguments
            for pid, arguments in (row for row in rows if len(row) == 2)
            if "manage.py" in arguments and (f"{self.port}" in arguments or f"{self.gateway_port}" in arguments)
        }

    def manage(self, *arguments: str, **environment: str) -> None:
        """`manage.py` on the site's database."""
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, cwd=ROOT, env=self.environment | environment, check=True, timeout=READY_SECONDS)

    def kill_the_gateway(self) -> None:
        """Ends the emulator the hard way; `dev` starts another."""
        self.kill("manage.py emulator")

    def kill(self, command: str) -> None:
        """Ends what runs that command the hard way."""
        for pid, arguments in self.processes().items():
            if command in arguments:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        """As Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)
