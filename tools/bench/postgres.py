"""A PostgreSQL of the benchmark's own, so that its CPU time is nobody else's.

Default settings but for 300 connections; its data is below build/bench.
"""

import os
import pwd
import shutil
import signal
import time
from pathlib import Path

import psycopg

from bench.paths import BUILD
from bench.processes import HOST, BenchmarkError, Program, free_port, run


def _folder_of_programs() -> Path:
    for candidate in sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True
    ):
        if (candidate / "initdb").exists():
            return candidate
    found = shutil.which("initdb")
    if found is None:
        raise BenchmarkError("The benchmarks need PostgreSQL's server programs: install postgresql.")
    return Path(found).resolve().parent


def _identity() -> dict[str, int]:
    """PostgreSQL refuses to run as root; everybody else runs it as themselves."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam("postgres")
    return {"user": account.pw_uid, "group": account.pw_gid}


class Cluster(Program):
    """A running server. Databases are made by `create`."""

    def __init__(self) -> None:
        programs, data, identity = _folder_of_programs(), BUILD / "postgres", _identity()
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(parents=True)
        data.chmod(0o700)
        if identity:
            os.chown(data, identity["user"], identity["group"])
        initdb = Program(
            [programs / "initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale", "C", data], **identity
        )
        if initdb.popen.wait() != 0:
            raise BenchmarkError(f"initdb failed for {data}.")
        self.port = free_port()
        command = [programs / "postgres", "-D", data, "-p", str(self.port), "-k", "", "-h", HOST, "-N", "300"]
        super().__init__(command, log=BUILD / "log" / "postgres.log", stop_signal=signal.SIGINT, **identity)
        self._wait_until_ready()
        self.version = run([programs / "postgres", "--version"]).strip()

    def _wait_until_ready(self) -> None:
        """It listens before it lets anybody in."""
        deadline = time.monotonic() + 30
        self.wait_for_port(self.port)
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def url(self, database: str) -> str:
        """For DATABASE_URL."""
        return f"postgres://postgres@{HOST}:{self.port}/{database}"

    def create(self, database: str) -> str:
        """A new, empty database; its URL."""
        self.execute("postgres", f'CREATE DATABASE "{database}"')
        return self.url(database)

    def execute(self, database: str, *statements: str) -> None:
        """Run statements, each in a transaction of its own (VACUUM needs that)."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)
