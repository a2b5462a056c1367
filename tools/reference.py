"""Writes the pages in docs/reference/ from the code of the generated project, which is imported where it stands.

python tools/reference.py            write them
python tools/reference.py --check    fail if they are not up to date
"""

import ast
import os
import sys
from argparse import Action, ArgumentParser
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from textwrap import dedent
from typing import Any

import reading

ROOT = Path(__file__).resolve().parent.parent
PROJECT = reading.PROJECT
PAGES = ROOT / "docs" / "reference"

ENVIRONMENT = {
    "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": "Where sends go, when that is not AWS: a base to which the stage is added.",
    "AWS_ENDPOINT_URL_APIGATEWAYV2": "Where provisioning goes, when that is not AWS.",
    "AWS_REGION": "The region of the gateway; handed to boto3 explicitly.",
    "CELERY_BROKER_URL": "The broker of the workers that take large sends. Empty: there are no workers.",
    "DATABASE_CONN_MAX_AGE": "PostgreSQL: seconds for which a connection is kept.",
    "DATABASE_PREPARE": "PostgreSQL: a statement is prepared when a connection has seen it so often. 0 for poolers.",
    "DATABASE_URL": "The database: `postgres://user:password@host:5432/name`, or `sqlite:///file`.",
    "DJANGO_ALLOWED_HOSTS": "Comma list of the host names that the site answers to.",
    "DJANGO_BASE_URL": "The site's public address. Integrations point at it, so AWS must reach it.",
    "DJANGO_BEHIND_PROXY": "Whether `X-Forwarded-Proto` is believed. Turn it off where no proxy sets it.",
    "DJANGO_CSP_CONNECT_SRC": "Comma list of what pages may connect to, besides the site itself.",
    "DJANGO_CSRF_TRUSTED_ORIGINS": "Comma list of other origins whose forms and pages are trusted.",
    "DJANGO_DEBUG": "Error pages with detail, and no demand for HTTPS. Never on a server.",
    "DJANGO_HSTS_SECONDS": "For how long browsers insist on HTTPS.",
    "DJANGO_LOG_FORMAT": "`plain` for people, `json` for machines.",
    "DJANGO_LOG_LEVEL": "The level of the root logger.",
    "DJANGO_SECRET_KEY": "Django's secret key. Without it nothing starts.",
    "DJANGO_SSL_REDIRECT": "Whether plain HTTP is redirected; `ws/` and the health addresses never are.",
    "DOTENV_WINS": "Whether `.env` beats the environment: `make` and `manage.py dev` say so, servers do not.",
    "WEBSOCKET_ALLOWED_ORIGINS": "Comma list of origins whose pages may open sockets.",
    "WEBSOCKET_GATEWAY_FILE": "The gateway as asked for.",
    "WEBSOCKET_METRICS_TOKEN": "What Prometheus sends to `/metrics` as its bearer token.",
    "WEBSOCKET_SECRETS": "Comma list of shared secrets: all are accepted, the first is sent.",
    "WEBSOCKET_STAGE": "Overrides the stage that the gateway's file asks for.",
}
"""What each variable is for. A variable that the settings read and this lacks, or the other way round, is an error."""

VIEW = (
    *("USE_WS_TOKEN", "ALLOW_ANONYMOUS", "RATE_LIMIT_ENABLED", "RATE_LIMIT_MAX_ATTEMPTS", "RATE_LIMIT_WINDOW_MINUTES"),
    *("ALLOWED_HANDLERS", "permissions_required", "all_permissions_required", "MAX_BODY_SIZE", "MAX_CHANNEL_NAME_LENGTH"),
    *("handler_selection_key", "route_selection_key", "aws_api_gateway_id"),
)  # fmt: skip


def set_up() -> None:
    """Django, with the settings of the project's tests."""
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(PROJECT))
    os.chdir(PROJECT)
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in lines
    )


def code(value: object) -> str:
    """A value as one would write it, or a dash."""
    return f"`{value}`" if str(value) else reading.NOTHING


# --- The pages ----------------------------------------------------------------------------------------------------


def settings_page() -> str:
    from gateway.conf import WebSocketSettings

    notes = reading.attribute_notes("gateway/conf.py", "WebSocketSettings")
    rows = [
        (code(field.name), code(default_of(field.default)), notes[field.name]) for field in fields(WebSocketSettings)
    ]
    intro = """
        The keys of the dictionary `WEBSOCKETS` in `config/settings.py`. An unknown key is an error. Times are in
        seconds and sizes in bytes unless a name says otherwise. Some keys are filled from [environment
        variables](environment.md).
    """
    return page("Settings", intro, table(("Key", "Default", "For"), rows))


def default_of(value: object) -> object:
    return value.as_posix() if isinstance(value, Path) else {"": "", (): ""}.get(value, value)  # type: ignore[call-overload]


def environment_page() -> str:
    read = dict(reading.variables("config/settings.py"))
    if read.keys() != ENVIRONMENT.keys():
        sys.exit(f"tools/reference.py and config/settings.py disagree on {sorted(read.keys() ^ ENVIRONMENT.keys())}.")
    intro = """
        The variables that `config/settings.py` reads, from the environment or from `.env` (`make install` writes one;
        `.env.example` shows what is in it). boto3 reads its own as well: credentials, profiles, proxies.
    """
    rows = [(code(name), read[name], ENVIRONMENT[name]) for name in sorted(read)]
    return page("Environment variables", intro, table(("Variable", "Default", "For"), rows))


def refusals_page() -> str:
    from gateway.exceptions import StrangerRefusal, refusals
    from gateway.explanations import REMEDIES

    kinds = [kind for name, kind in refusals().items() if name != "refused"]
    rows = [
        (code(kind.code), str(kind.status), kind.message, REMEDIES[kind.code])
        for kind in sorted(kinds, key=lambda kind: (not issubclass(kind, StrangerRefusal), kind.code))
    ]
    intro = """
        Every refusal has a code, which logs, the admin, the client and the figures use. The first four come before it
        is known that our own gateway is calling: the caller is told the status and nothing else. A refused *message*
        is answered with status 200 and an error frame that has the code. Which check refuses what, in which order:
        [Security](../security.md). `manage.py explain_refusal` says all this about one refusal.
    """
    return page("Refusal codes", intro, table(("Code", "Status", "Meaning", "What helps"), rows))


def commands_page() -> str:
    names = sorted(path.stem for path in (PROJECT / "gateway/management/commands").glob("[a-z]*.py"))
    intro = """
        Run them as `.venv/bin/python manage.py NAME`. `--help` shows the same, and the options that all of Django's
        commands have.
    """
    return page("Commands", intro, "\n\n".join(command_section(name) for name in names))


def command_section(name: str) -> str:
    from django.core.management import load_command_class

    command = load_command_class("gateway", name)
    own = own_actions(command.create_parser("manage.py", name))
    rows = [(action_name(action), " ".join((action.help or "").split())) for action in own]
    return f"## {name}\n\n{' '.join(command.help.split())}" + (f"\n\n{table(('Argument', ''), rows)}" if rows else "")


def own_actions(parser: ArgumentParser) -> list[Action]:
    """Without those that every command has, and those that are not for people."""
    from django.core.management.base import BaseCommand

    common = {option for action in actions(BaseCommand().create_parser("", "")) for option in action.option_strings}
    mine = [action for action in actions(parser) if not common.intersection(action.option_strings)]
    return [action for action in mine if action.help != "==SUPPRESS=="]


def actions(parser: ArgumentParser) -> list[Action]:
    return parser._actions  # noqa: SLF001  (argparse has no other way to list them)


def action_name(action: Action) -> str:
    value = "" if action.nargs == 0 else f" {action.metavar or action.dest.upper()}"
    return code(
        f"{action.option_strings[-1]}{value}" if action.option_strings else (action.metavar or action.dest.upper())
    )


def headers_page() -> str:
    from gateway import wire
    from gateway.provisioning import desired

    mapped = {**desired.ON_EVERY_EVENT, **desired.ON_DISCONNECT}
    mapped |= {wire.SECRET: "the first of `WEBSOCKET_SECRETS`", wire.EVENT: "`CONNECT`, `MESSAGE` or `DISCONNECT`"}
    names = [value for value in vars(wire).values() if isinstance(value, str) and value.startswith(wire.HEADER_PREFIX)]
    rows = [
        (code(name), from_where(mapped[name]), "yes" if name in wire.REQUIRED_HEADERS else "no")
        for name in names
        if name != wire.HEADER_PREFIX
    ]
    intro = """
        API Gateway tells an HTTP backend neither the connection id nor the route by itself. Each integration maps
        them onto these headers; a mapped header replaces one of the same name that a client sent. `gateway/wire.py`
        has the names. Absent and empty mean the same.
    """
    return page("Headers", intro, table(("Header", "Holds", "Required"), rows))


def from_where(expression: str) -> str:
    return code(expression) if expression.startswith("context.") else expression


def switches_page() -> str:
    from emulator.switches import Switches

    notes = reading.attribute_notes("emulator/switches.py", "Switches")
    defaults = {field.name: code(default_of(field.default)) for field in fields(Switches)}
    rows = [(code(name), default, notes[name], reading.rows_about(name)) for name, default in defaults.items()]
    intro = """
        What the emulator does where AWS is not known: the keywords of `emulator.switches.Switches`, which
        `gateway.testing.emulator.running_emulator(switches=...)` takes. Rows are those of [the table](../fidelity.md).
    """
    return page("Switches of the emulator", intro, table(("Switch", "Default", "Decides", "Rows"), rows))


def metrics_page() -> str:
    from gateway import metrics, monitoring

    rows = [(code(name), "counter", text) for name, text in metrics.COUNTERS.items()]
    rows += [(code(name), "histogram", text) for name, text in metrics.HISTOGRAMS.items()]
    rows += [(code(name), "gauge", text) for name, text in monitoring.GAUGES.items()]
    intro = """
        What `/metrics` serves to Prometheus and the admin's page "Realtime" draws. The figures are those of all
        processes together. How they are kept: [Operating it](../operations.md). Example rules:
        [alerts.yml](../examples/alerts.yml).
    """
    return page("Metrics", intro, table(("Name", "Kind", "Counts"), rows))


def checks_page() -> str:
    tree = reading.source("gateway/checks.py")
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    rows = []
    for name, function in functions.items():
        if name.startswith("check_"):
            when = "with `--deploy`" if "deploy=True" in ast.unparse(function.decorator_list[0]) else "always"
            called = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
            parts = [function, *(functions[other] for other in sorted(called & functions.keys()))]
            rows += [(*found, when) for part in parts for found in reading.messages(part)]
    intro = """
        What `manage.py check` says about this project, besides Django's own checks. Numbers with `E` are errors,
        those with `W` warnings. Words in braces stand for what is found.
    """
    return page(
        "System checks",
        intro,
        table(("Id", "Says", "Hint", "When"), sorted(dict.fromkeys(rows), key=lambda row: row[0][-5:])),
    )


def view_page() -> str:
    from gateway.views import WebSocketView

    notes = reading.attribute_notes("gateway/views/websocket.py", "WebSocketView")
    rows = [(code(name), code(view_default(getattr(WebSocketView, name))), notes[name]) for name in VIEW]
    hooks = ("can_join_channel", "on_connect", "on_disconnect", "select_subprotocol", "default")
    methods = [(code(name), " ".join(dedent(getattr(WebSocketView, name).__doc__ or "").split())) for name in hooks]
    intro = """
        Attributes and methods of `gateway.views.WebSocketView` that a subclass may set. How to write handlers:
        [Handlers](../handlers.md).
    """
    return page("The view", intro, table(("Attribute", "Default", ""), rows) + "\n\n" + table(("Method", ""), methods))


def view_default(value: Any) -> object:
    return set(value) if isinstance(value, frozenset) else ("" if value in ((), "") else value)


def page(title: str, intro: str, body: str) -> str:
    mark = "<!-- Written by tools/reference.py from the code: change it there, then run `make docs`. -->"
    return f"# {title}\n\n{mark}\n\n{dedent(intro).strip()}\n\n{body}\n"


WRITERS: dict[str, Callable[[], str]] = {
    "settings": settings_page,
    "environment": environment_page,
    "view": view_page,
    "refusals": refusals_page,
    "commands": commands_page,
    "headers": headers_page,
    "metrics": metrics_page,
    "checks": checks_page,
    "switches": switches_page,
}


def main() -> int:
    set_up()
    stale = []
    for name, write in WRITERS.items():
        path, text = PAGES / f"{name}.md", write()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path)
            if "--check" not in sys.argv:
                path.parent.mkdir(exist_ok=True)
                path.write_text(text, encoding="utf-8")
    if stale and "--check" in sys.argv:
        print(f"Not up to date: {', '.join(path.name for path in stale)}. Run `make docs`.", file=sys.stderr)
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
