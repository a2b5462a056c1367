"""`manage.py dev`: everything on this machine, with one command."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from argparse import SUPPRESS
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, Never

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from gateway.management.processes import Child, leash, require_free_port, wait_until_it_answers

DEMO_USERS = ("alice", "bob")
DEMO_PASSWORD = "demo-password"  # noqa: S105
POLL_SECONDS = 0.2
RESTART_SECONDS = 1.0


class Command(BaseCommand):
    help = (
        "Runs the project on this machine: migrates, registers the gateway, starts a local API Gateway and keeps it running, "
        "provisions onto it, and serves Django with autoreload. Ctrl-C stops everything."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="where Django listens (8000)")
        parser.add_argument("--gateway-port", type=int, default=8001, help="where the local API Gateway listens (8001)")
        parser.add_argument("--state", default="", help="file in which the local API Gateway keeps its APIs")
        parser.add_argument("--prepare", action="store_true", help=SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["prepare"]:
            self.prepare()
            return
        require_free_port(options["port"], "--port (make: PORT=...)")
        require_free_port(options["gateway_port"], "--gateway-port (make: GATEWAY_PORT=...)")
        if options["port"] == options["gateway_port"]:
            raise CommandError("Django and the local API Gateway need a port each: --port and --gateway-port.")
        _on_stop(_stop)
        self.environment = local_environment(options["port"], options["gateway_port"])
        self.port: int = options["port"]
        self.gateway_port: int = options["gateway_port"]
        self.state: list[str] = ["--state", options["state"]] if options["state"] else []
        self.children: list[Child] = []
        with leash() as self.leash, told(settings.DEV_ADDRESSES, self.environment):
            try:
                self.run()
            finally:
                # A second Ctrl-C must not keep this from being done.
                _on_stop(signal.SIG_IGN)
                for child in reversed(self.children):
                    child.stop()
                    self.leash.release(child)

    # -- what the supervisor does ----------------------------------------------------------------------------------

    def run(self) -> None:
        emulator = self.start_emulator()
        self.prepare_in_a_child()
        django = self.start("Django", "runserver", f"127.0.0.1:{self.port}")
        wait_until_it_answers(django, f"http://127.0.0.1:{self.port}/healthz")
        self.announce()
        while django.exit_code is None:
            time.sleep(POLL_SECONDS)
            if emulator.exit_code is not None:
                emulator = self.restart_emulator(emulator)
        raise CommandError(f"Django {django.ending}; the lines above say why.")

    def start(self, name: str, *arguments: str) -> Child:
        child = Child.start(name, arguments, self.environment)
        self.children.append(child)
        self.leash.hold(child)
        return child

    def start_emulator(self) -> Child:
        child = self.start("The local API Gateway", "emulator", "--port", str(self.gateway_port), *self.state)
        wait_until_it_answers(child, f"http://127.0.0.1:{self.gateway_port}/_emulator/health")
        return child

    def restart_emulator(self, ended: Child) -> Child:
        self.say(f"The local API Gateway {ended.ending}. Starting it again.")
        self.children.remove(ended)
        self.leash.release(ended)
        time.sleep(RESTART_SECONDS)
        child = self.start_emulator()
        try:
            self.prepare_in_a_child()
        except CommandError as error:
            # It may have been killed again meanwhile, which the loop notices; and its APIs are kept in a file.
            self.say(str(error))
        return child

    def prepare_in_a_child(self) -> None:
        """In a process of its own: the settings here were read before the local addresses were known."""
        command = [sys.executable, "manage.py", "dev", "--prepare"]
        if subprocess.run(command, env=self.environment, check=False).returncode:  # noqa: S603
            raise CommandError("The project could not be prepared; the lines above say why.")

    def announce(self) -> None:
        self.say("")
        self.say(f"  Window 1:  http://127.0.0.1:{self.port}/")
        self.say(f"  Window 2:  http://localhost:{self.port}/   (another name, so it keeps its own sign-in)")
        self.say(f"  Look inside:  http://127.0.0.1:{self.gateway_port}/_emulator/")
        if settings.DEBUG:
            self.say(f"  Sign in as {' or '.join(DEMO_USERS)}, password {DEMO_PASSWORD}.")
        self.say("  Ctrl-C stops everything.")
        self.say("")
        self.say(f"READY http://127.0.0.1:{self.port}/")

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    # -- what the prepared process does ----------------------------------------------------------------------------

    def prepare(self) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        try:
            call_command("register_gateway", verbosity=0)
        except CommandError as error:
            self.stderr.write(self.style.WARNING(f"register_gateway: {error}"))
        if settings.DEBUG:
            make_demo_users()
        call_command("provision_gateway", verbosity=0)


def make_demo_users() -> None:
    """Somebody to sign in as, while the project has no users of its own."""
    users = get_user_model()._default_manager
    if users.filter(is_superuser=False).exists():
        return
    for name in DEMO_USERS:
        user = users.model(username=name)
        user.set_password(DEMO_PASSWORD)
        user.save()


ADDRESSES = (
    "DJANGO_BASE_URL",
    "DJANGO_ALLOWED_HOSTS",
    "AWS_REGION",
    "AWS_ENDPOINT_URL_APIGATEWAYV2",
    "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
)


@contextmanager
def told(file: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Lets commands in other terminals find what runs here. The settings believe the file while this process holds its lock."""
    file.parent.mkdir(exist_ok=True)
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    with fresh.open("w", encoding="utf-8") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        opened.write(json.dumps({name: environment[name] for name in ADDRESSES}))
        opened.flush()
        fresh.replace(file)
        try:
            yield
        finally:
            # Another `dev` may have written its own meanwhile.
            with suppress(FileNotFoundError):
                if os.path.samestat(file.stat(), os.fstat(opened.fileno())):
                    file.unlink()


def local_environment(port: int, gateway_port: int) -> dict[str, str]:
    """What the children see: this process's environment (`.env` included) with every address on this machine."""
    gateway = f"http://127.0.0.1:{gateway_port}"
    inherited = {name: value for name, value in os.environ.items() if name not in {"AWS_PROFILE", "AWS_SESSION_TOKEN"}}
    return inherited | {
        "DOTENV_WINS": "false",
        "DJANGO_BASE_URL": f"http://127.0.0.1:{port}",
        "DJANGO_ALLOWED_HOSTS": "127.0.0.1,localhost",
        "AWS_REGION": os.environ.get("AWS_REGION") or "us-east-1",
        "AWS_ENDPOINT_URL_APIGATEWAYV2": gateway,
        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": gateway,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "PYTHONUNBUFFERED": "1",
    }


def _on_stop(handler: "Callable[[int, FrameType | None], Never] | signal.Handlers") -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, handler)


def _stop(_signal: int, _frame: FrameType | None) -> Never:
    raise SystemExit(0)
