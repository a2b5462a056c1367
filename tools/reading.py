"""What the code of the generated project says, read without running it: notes, variables, messages of checks."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent / "<<cookiecutter.project_slug>>"

NOTHING = "-"

COMPUTED = {
    "DATABASE_URL": "`db.sqlite3` in the project's root",
    "DJANGO_ALLOWED_HOSTS": "the base URL's host",
    "DJANGO_BASE_URL": "`https://` and the domain that was asked for",
    "DJANGO_CSP_CONNECT_SRC": "the socket's addresses",
    "DJANGO_LOG_FORMAT": "`plain` with debug, else `json`",
    "WEBSOCKET_ALLOWED_ORIGINS": "the base URL's origin, the trusted ones, with debug any port of this machine",
    "WEBSOCKET_GATEWAY_FILE": "`config/gateway.json`",
}
"""Defaults that are computed, in words."""


def source(name: str) -> ast.Module:
    return ast.parse((PROJECT / name).read_text(encoding="utf-8"))


def attribute_notes(module: str, class_name: str) -> dict[str, str]:
    """The string that follows each attribute of a class; empty where there is none."""
    [found] = [node for node in source(module).body if isinstance(node, ast.ClassDef) and node.name == class_name]
    notes, waiting = {}, ""
    for node in found.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            waiting = node.target.id
            notes[waiting] = ""
        elif waiting and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            notes[waiting] = " ".join(str(node.value.value).split())
        else:
            waiting = ""
    return notes


def variables(module: str) -> Iterator[tuple[str, str]]:
    """Each variable that is read, and its default as the source has it."""
    for node in ast.walk(source(module)):
        if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
            continue
        if ast.unparse(node.func).partition(".")[0] in {"env", "yes_or_no"}:
            given = [keyword.value for keyword in node.keywords if keyword.arg == "default"]
            name = str(node.args[0].value)
            yield name, COMPUTED.get(name) or literal(given)


def literal(given: list[ast.expr]) -> str:
    """A default that is a literal, as one would write it in a shell. Any other is an error: put it into `COMPUTED`."""
    if not given:
        return "none: it must be set"
    value = ast.literal_eval(given[0])
    return f"`{str(value).lower() if isinstance(value, bool) else value}`" if value not in ("", []) else NOTHING


def messages(function: ast.FunctionDef) -> Iterator[tuple[str, str, str]]:
    """Id, sentence and hint of each message that a check makes."""
    local = {
        target.id: node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"checks.Error", "checks.Warning"}:
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            yield f"`{text_of(given['id'], local)}`", text_of(node.args[0], local), text_of(given["hint"], local)


def text_of(node: ast.expr, local: dict[str, ast.expr]) -> str:
    """A literal or an f-string as a reader sees it."""
    if isinstance(node, ast.Name):
        return text_of(local[node.id], local)
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return "".join(
        str(part.value) if isinstance(part, ast.Constant) else f"{{{placeholder(part)}}}" for part in parts
    ).strip()


def placeholder(part: ast.expr) -> str:
    name = ast.unparse(part.value) if isinstance(part, ast.FormattedValue) else ast.unparse(part)
    return {"conf().PATH": "path", "view.__name__": "view"}.get(name, name if name.isidentifier() else "...")


def rows_about(switch: str) -> str:
    """The rows of the table of behaviours that name a switch of the emulator."""
    page = PROJECT.parent / "docs" / "fidelity.md"
    return ", ".join(re.findall(rf"^\| (\d+) \|.*`{switch}`", page.read_text(encoding="utf-8"), re.MULTILINE))
