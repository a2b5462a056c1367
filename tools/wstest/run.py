"""`make autobahn`: the Autobahn test suite's fuzzing client against the local API Gateway, and what came of each case.

    python tools/wstest/run.py                    all cases; writes the tables of docs/autobahn.md
    python tools/wstest/run.py "7.*" "12.1.*"     these

The suite is written for Python 2.7 (PYTHON27 names one that is not on the PATH); nothing else here needs that. Its own report of
each case, byte by byte, is build/autobahn/report/index.html.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Final

ROOT = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "<<cookiecutter.project_slug>>"), str(ROOT / "tools")]

from aiohttp import web

from emulator.server import Emulator
from tests.emulator.provision import control_client, provision
from wstest.tables import write_tables
from wstest.verdicts import Outcome, failures

SUITE: Final = "autobahntestsuite==25.10.1"
BUILD = ROOT / "build" / "autobahn"
LIBRARY = BUILD / "library"
REPORT = BUILD / "report"
AGENT: Final = "API Gateway"
WSTEST: Final = f"""
import site, sys
site.addsitedir({str(LIBRARY)!r})
sys.argv = ["wstest", "--mode", "fuzzingclient", "--spec", {str(BUILD / "spec.json")!r}]
from autobahntestsuite.wstest import run
run()
"""


def python27() -> str:
    """An interpreter that runs. Raises SystemExit where there is none."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [
        os.environ.get("PYTHON27"),
        shutil.which("python2.7"),
        *map(str, root.glob("versions/2.7.*/bin/python2.7")),
    ]
    for each in filter(None, candidates):
        if subprocess.run([each, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0:
            return each
    sys.exit("left out: there is no Python 2.7 with pip, which the suite is written for; PYTHON27 may name one")


def install(python: str) -> None:
    """The suite and what it pins, once."""
    if (LIBRARY / "autobahntestsuite").is_dir():
        return
    words = [python, "-m", "pip", "install", "--quiet", "--no-warn-script-location", "--target", str(LIBRARY), SUITE]
    if subprocess.run(words, check=False).returncode:
        shutil.rmtree(LIBRARY, ignore_errors=True)
        sys.exit(f"left out: {SUITE} could not be installed for Python 2.7")


@asynccontextmanager
async def echoing_backend() -> AsyncIterator[str]:
    """What the gateway calls: it answers with what it got."""

    async def echo(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    app = web.Application(client_max_size=2**20)
    app.router.add_route("*", "/{path:.*}", echo)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def echoing_gateway() -> AsyncIterator[str]:
    """The emulator, provisioned by boto3: a two-way `$default` route, whose replies are what the client sent."""
    async with echoing_backend() as url:
        emulator = Emulator(host="127.0.0.1", port=0)
        await emulator.start()
        try:
            await asyncio.to_thread(provision, control_client(emulator.url), SimpleNamespace(url=url))
            yield f"ws://127.0.0.1:{emulator.port}/production"
        finally:
            await emulator.stop()


async def fuzz(python: str, cases: Sequence[str]) -> None:
    """Run the suite's client over these cases."""
    async with echoing_gateway() as url:
        server = {"agent": AGENT, "url": url}
        spec = {
            "outdir": str(REPORT),
            "servers": [server],
            "cases": cases,
            "exclude-cases": [],
            "exclude-agent-cases": {},
        }
        (BUILD / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        child = await asyncio.create_subprocess_exec(python, "-u", "-c", WSTEST, env=environment)
        if await child.wait():
            sys.exit("the suite has failed to run")


def outcomes() -> Mapping[str, Outcome]:
    """What the suite says of each case."""
    report = json.loads((REPORT / "index.json").read_text(encoding="utf-8"))[AGENT]
    return {case: Outcome(each["behavior"], each["remoteCloseCode"]) for case, each in report.items()}


def main() -> int:
    if {"-h", "--help"} & set(sys.argv):
        print(__doc__)
        return 0
    python = python27()
    shutil.rmtree(REPORT, ignore_errors=True)
    BUILD.mkdir(parents=True, exist_ok=True)
    install(python)
    asyncio.run(fuzz(python, sys.argv[1:] or ["*"]))
    found = outcomes()
    lines = failures(found)
    print(f"\n{len(found)} cases, {len(lines)} of them neither passed nor explained")
    print("\n".join(lines))
    if not sys.argv[1:] and not lines:
        write_tables(found)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
