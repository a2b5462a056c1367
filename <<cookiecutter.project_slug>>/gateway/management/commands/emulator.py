"""`manage.py emulator`: an API Gateway on this machine."""

import asyncio
import contextlib
import json
import os
import signal
import urllib.error
import urllib.request
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from emulator.faults import FAULTS, Faults, UnknownFaultError, parse_fault
from emulator.journal import Recorder
from emulator.memory import tune_garbage_collection
from emulator.server import Emulator
from emulator.store import Store

RESTART_SECONDS = 10.0


class Command(BaseCommand):
    help = "Runs a local API Gateway: control plane, WebSocket connections and @connections, on one port."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8001, help="TCP port (8001); 0 picks a free one.")
        parser.add_argument(
            "--host", default="127.0.0.1", help="Address to listen on. Loopback unless you say otherwise."
        )
        parser.add_argument(
            "--state",
            type=Path,
            default=Path(settings.BASE_DIR) / ".emulator" / "state.json",
            help="File that keeps what has been provisioned. It holds the shared secret; only its owner may read it.",
        )
        parser.add_argument("--latency", type=float, default=0.0, help="Milliseconds added to every call.")
        parser.add_argument(
            "--fault",
            action="append",
            default=[],
            metavar="NAME[=VALUE]",
            help="Something that goes wrong on purpose; may be repeated. Names: " + ", ".join(FAULTS) + ".",
        )
        parser.add_argument(
            "--restart",
            choices=("lose", "keep"),
            help="Starts nothing: has the emulator on --port killed and started again, its connections lost or kept.",
        )
        parser.add_argument(
            "--record", type=Path, help="Appends everything that happens to this file, one JSON object a line."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["restart"]:
            restart(options["host"], options["port"], keep_connections=options["restart"] == "keep")
            return
        faults = Faults()
        try:
            for text in options["fault"]:
                faults.turn_on(*parse_fault(text))
        except UnknownFaultError as error:
            raise CommandError(str(error)) from None
        if options["latency"] < 0:
            raise CommandError("--latency is a number of milliseconds, 0 or more.")
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(self._serve(faults, options))

    async def _serve(self, faults: Faults, options: dict[str, Any]) -> None:
        emulator = Emulator(
            host=options["host"],
            port=options["port"],
            store=Store(options["state"]),
            faults=faults,
            latency=options["latency"] / 1000,
        )
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        with self._recording(emulator, options["record"]):
            await self._start(emulator)
            tune_garbage_collection()
            self.stdout.write(f"emulator listening on {emulator.url}")
            self.stdout.write(f"look inside at {emulator.url}/_emulator/")
            self.stdout.flush()
            await stopped.wait()
            await emulator.stop()

    async def _start(self, emulator: Emulator) -> None:
        address = f"{emulator.host}:{emulator.port}"
        try:
            await emulator.start()
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise CommandError(f"Cannot listen on {address} ({reason}). Choose another --port or --host.") from None

    @contextlib.contextmanager
    def _recording(self, emulator: Emulator, path: Path | None) -> Any:
        if path is None:
            yield
            return
        try:
            recorder = Recorder(path)
        except OSError as error:
            raise CommandError(f"Cannot write {path} ({error.strerror}). Choose another file for --record.") from None
        emulator.plane.journal.listen(recorder)
        try:
            yield
        finally:
            recorder.close()


def restart(host: str, port: int, *, keep_connections: bool) -> None:
    """Has a running emulator restarted, the way its inspector does it. Raises CommandError."""
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    body = json.dumps({"keep_connections": keep_connections}).encode()
    headers = {"Content-Type": "application/json", "Origin": url}
    request = urllib.request.Request(f"{url}/_emulator/restart", body, headers)  # noqa: S310
    try:
        urllib.request.urlopen(request, timeout=RESTART_SECONDS).close()  # noqa: S310
    except urllib.error.HTTPError as error:
        raise CommandError(f"What listens on {host}:{port} answers {error.code}. Is it the emulator?") from None
    except OSError:
        raise CommandError(f"No emulator answers on {host}:{port}. Which --port does it have?") from None
