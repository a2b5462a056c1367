"""The two projects that are compared: the published peer package and ours, each in an environment of its own."""

import json
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from bench.events import SECRET, Dialect, OurDialect, PeerDialect
from bench.paths import BUILD, HERE, ROOT
from bench.processes import HOST, Program, clean_environment, free_port, run

UV = ROOT / ".venv" / "bin" / "uv"
OUR_PYTHON = ROOT / ".venv" / "bin" / "python"
COMPARED = ("django", "psycopg", "psycopg-binary", "gunicorn", "boto3", "botocore")
"""Installed in the peer's environment in exactly the versions that ours has."""
PEER = "django-aws-api-gateway-websockets==4.1.0"


class Side:
    """One project: where it lives, how it is started and spoken to."""

    def __init__(self, name: str, *, python: Path, paths: tuple[Path, ...], module: str, dialect: Dialect) -> None:
        """`module`: what the names of the settings, URL and WSGI modules begin with."""
        self.name = name
        self.dialect = dialect
        self._python = python
        self._paths = paths
        self._module = module

    def environment(self, database_url: str, options: Mapping[str, str]) -> dict[str, str]:
        """Variables for any process of this side."""
        defaults = {
            "DATABASE_URL": database_url,
            "DJANGO_SETTINGS_MODULE": f"{self._module}_settings",
            "BENCH_SECRET": SECRET,
            "BENCH_LIMIT": "1000",
            "BENCH_TOKEN_LIMIT": "1000",
            "BENCH_SEND_RATE": "1000000",
            "BENCH_SHARD_SIZE": "10000",
            "BENCH_TOKEN_LIFETIME": "600",
            "PYTHONPATH": ":".join(str(path) for path in self._paths),
            "PYTHONPYCACHEPREFIX": str(BUILD / "pycache" / self.name),
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        return clean_environment(defaults | dict(options))

    def control(self, database_url: str, **options: str) -> "Control":
        """A new process with this side's models."""
        return Control(
            [self._python, self._paths[0] / "control.py"],
            environment=self.environment(database_url, options),
            folder=self._paths[-1],
            talks=True,
        )

    def server(self, database_url: str, *, workers: int = 2, threads: int = 1, **options: str) -> "Server":
        """gunicorn with this side's views."""
        port = free_port()
        kind = "sync" if threads == 1 else "gthread"
        options_of_gunicorn = (
            f"--workers {workers} --threads {threads} --worker-class {kind} --bind {HOST}:{port} --backlog 2048"
        )
        defaults = HERE / "projects" / "gunicorn_defaults.py"
        return Server(
            port,
            [
                self._python,
                "-m",
                "gunicorn",
                *options_of_gunicorn.split(),
                "--config",
                defaults,
                f"{self._module}_wsgi",
            ],
            environment=self.environment(database_url, options),
            folder=self._paths[-1],
            log=BUILD / "log" / f"gunicorn-{self.name}.log",
        )

    def python(self, *arguments: str | Path, database_url: str, log: str = "", **options: str) -> Program:
        """Any other program of this side."""
        return Program(
            [self._python, *arguments],
            environment=self.environment(database_url, options),
            folder=self._paths[-1],
            log=BUILD / "log" / f"{log}.log" if log else None,
        )


class Control(Program):
    """A process that makes rows and sends broadcasts; see `projects/*/control.py`."""

    def do(self, command: str, **arguments: Any) -> Any:
        """One command, one answer."""
        return self.ask(json.dumps({"do": command, **arguments}))


class Server(Program):
    """gunicorn, listening."""

    def __init__(self, port: int, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.port = port
        self.wait_for_port(port, send=b"GET / HTTP/1.0\r\n\r\n")


def peer() -> Side:
    """The published package, unmodified, in an environment that is made when it is first needed."""
    folder = BUILD / "peer-venv"
    python = folder / "bin" / "python"
    marker = folder / "installed"
    wanted = [PEER, "psutil", *(f"{name}=={_version(name)}" for name in COMPARED)]
    if not marker.exists() or marker.read_text(encoding="utf-8") != "\n".join(wanted):
        run([UV, "venv", "--quiet", "--clear", "--python", OUR_PYTHON, folder])
        run([UV, "pip", "install", "--quiet", "--python", python, *wanted])
        marker.write_text("\n".join(wanted), encoding="utf-8")
    project = HERE / "projects" / "peer"
    return Side("peer", python=python, paths=(project, project.parent), module="peer", dialect=PeerDialect())


def ours() -> Side:
    """The generated project, with a settings module of the benchmark's beside it."""
    project = HERE / "projects" / "ours"
    return Side(
        "ours", python=OUR_PYTHON, paths=(project, project.parent, _render()), module="our", dialect=OurDialect()
    )


@cache
def _render() -> Path:
    """A fresh project, once for each run, of the files that git knows."""
    template = BUILD / "template"
    shutil.rmtree(template, ignore_errors=True)
    for name in run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], folder=ROOT).split("\0"):
        if (ROOT / name).is_file():
            (template / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, template / name)
    answers = ["project_name=ours", "use_celery=true", "setup_now=false"]
    options = ["--no-input", "--overwrite-if-exists", "--default-config", "--output-dir", BUILD]
    run([OUR_PYTHON, "-m", "cookiecutter", *options, template, *answers])
    return BUILD / "ours"


def _version(package: str) -> str:
    from importlib.metadata import version

    return version(package)
