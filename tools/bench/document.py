"""docs/benchmarks.md, written from the results of the last full run of each part."""

import json
from pathlib import Path
from typing import Any

from bench.figures import Figure, Measurements, Target, absolute_table, figure_table
from bench.paths import BUILD, ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
INTRODUCTION = """\
Written by `make bench`. Ratios are formed within one round of one run, on one machine: the things compared take turns, and
the median over the rounds is given with the smallest and the largest. Compare ratios, not absolute figures, between machines.
The peer is the published package django-aws-api-gateway-websockets 4.1.0, unmodified, set up as its documentation says; only
the endpoint of its boto3 client points at the stand-in."""
PARTS = {
    "inbound": """\
Events in. gunicorn with 2 sync workers, PostgreSQL with its default settings, persistent connections; 8 requests under way.
Every event carries all headers that API Gateway sends. Each connect has its own connection id, a random client address, the
cookie of one of 500 users and a fresh token; messages and disconnects go to 10,000 sessions. Rate limits are set so that they
never refuse. CPU is that of the gunicorn workers and of the whole PostgreSQL server together.""",
    "fan-out": """\
Messages out. One process, one 200-byte message, POST `@connections/{id}` to a stand-in written in C that is many times faster
than the clients. Connection ids are read from PostgreSQL within the time measured; each broadcast is a fresh, warmed-up
process. The server counts what reaches each recipient, so a lost or doubled message shows. The ceiling `SEND_RATE` is lifted,
except for the capped server.""",
    "emulator": """\
The local API Gateway against a bare aiohttp relay that only holds sockets and posts each message to the same backend. The
emulator does its whole job: it calls the backend for `$connect`, selects routes, maps 12 headers, applies every limit.""",
    "races": """\
Limits under parallel requests: gunicorn with 4 processes of 16 threads, PostgreSQL. Every sample is one trial.""",
    "first-run": """\
The first minutes, as a script: `git clone`, an environment with Cookiecutter, a project from the default answers, what
`make install` does with pip (its packages to be fetched, or in its cache), what `make run` does until it says READY, then
headless Chromium, a sign-in, and a chat message that comes back to the page. Python, git and Chromium are there already. Then
the generation alone (`setup_now=false`, hooks included) against a template of one file without a hook, as whole processes of
the same Cookiecutter.""",
}


def _measurements(content: dict[str, Any]) -> Measurements:
    measurements = Measurements(content["part"], absolutes=content["absolutes"])
    for entry in content["figures"]:
        target = Target(**entry["target"]) if entry["target"] else None
        figure = Figure(
            part=entry["part"], name=entry["name"], samples=tuple(entry["samples"]), unit=entry["unit"], target=target
        )
        measurements.figures.append(figure)
    return measurements


def _section(part: str, text: str, page: str) -> list[str]:
    path = BUILD / "results" / f"{part}.json"
    if not path.exists():
        return _as_it_stands(part, page)
    content = json.loads(path.read_text(encoding="utf-8"))
    measurements = _measurements(content)
    about = "\n".join(f"- {key}: {value}" for key, value in content["about"].items())
    return [f"## {part}", text, figure_table(measurements.figures), absolute_table(measurements), about]


def _as_it_stands(part: str, page: str) -> list[str]:
    """The section that another machine or an earlier checkout has written."""
    heading = f"\n## {part}\n"
    if heading not in page:
        return []
    section = page.partition(heading)[2].partition("\n## ")[0]
    return [f"## {part}\n{section.rstrip()}"]


def write() -> Path:
    """Write the page; its path. A part that was not measured in this checkout stays as it is."""
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    blocks = ["# Benchmarks", INTRODUCTION]
    for part, text in PARTS.items():
        blocks += _section(part, text, page)
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    return PAGE.relative_to(ROOT)
