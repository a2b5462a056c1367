"""The small C programs: compiled when first needed."""

import json
import shutil
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

from bench.paths import BUILD, HERE
from bench.processes import HOST, BenchmarkError, Program, run


def program(name: str) -> Path:
    """Path of a compiled program of `native/`, built anew when its source is newer."""
    source = HERE / "native" / f"{name}.c"
    target = BUILD / "native" / name
    if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
        return target
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise BenchmarkError("The benchmarks need a C compiler: install gcc.")
    target.parent.mkdir(parents=True, exist_ok=True)
    run([compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-o", target, source])
    return target


class ManagementApi(Program):
    """The stand-in for API Gateway's management API, and an echoing backend. Options are those of `management_api.c`."""

    def __init__(self, **options: int) -> None:
        super().__init__([program("management_api"), *(f"{key}={value}" for key, value in options.items())], talks=True)
        self.port = int(self.read_line())
        self.url = f"http://{HOST}:{self.port}"

    def stats(self) -> dict[str, int]:
        """Counters since the last reset."""
        with urllib.request.urlopen(f"{self.url}/stats", timeout=30) as answer:
            counters: dict[str, int] = json.load(answer)
        return counters

    def reset(self) -> None:
        """All counters to zero."""
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/reset", data=b"", method="POST"), timeout=30).close()


def http_load(port: int, requests: Path, *, connections: int, seconds: float) -> dict[str, Any]:
    """Send prepared requests; see `http_load.c`."""
    output = run([program("http_load"), HOST, str(port), requests, str(connections), str(seconds)])
    report: dict[str, Any] = json.loads(output)
    return report


def write_requests(path: Path, requests: list[bytes]) -> Path:
    """The file that `http_load` reads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(len(request).to_bytes(4, "little") + request for request in requests))
    return path


def wrk(url: str, *, connections: int, seconds: float, script: Path) -> float:
    """Requests a second that wrk reaches with one thread."""
    binary = shutil.which("wrk")
    if binary is None:
        raise BenchmarkError("The comparison with wrk needs wrk: apt-get install wrk.")
    done = subprocess.run(
        [binary, "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "-s", str(script), url],
        capture_output=True,
        text=True,
        check=True,
    )
    for line in done.stdout.splitlines():
        if line.startswith("Requests/sec:"):
            return float(line.split()[1])
    raise BenchmarkError(f"wrk said nothing of use:\n{done.stdout}{done.stderr}")
