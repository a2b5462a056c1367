"""The edits that a new route needs, as pure functions from text to text."""

import ast
import json
import keyword
import re
from collections.abc import Sequence
from typing import Any, Final

from gateway.views import WebSocketView

ROUTE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
BUILT_IN: Final = frozenset({"connect", "disconnect", "default"})
NAMES_OF_HANDLERS: Final = frozenset(
    {"args", "body", "event", "handler", "kwargs", "request", "self", "websocket_session"}
)

IMPORTS: Final = {
    "Any": "from typing import Any",
    "HttpRequest": "from django.http import HttpRequest",
    "handler": "from gateway.routing import handler",
    "WebSocketSession": "from gateway.models import WebSocketSession",
}

LONGEST_ON_ONE_LINE: Final = 48
"""Letters of a name that leave room for a handler's arguments."""

HANDLER: Final = '''
    @handler
    def {name}({arguments}) -> None:
        """Sends `{{"action": "{name}", "message": "..."}}` to the channel.

        Next: say with `@handler(schema=..., permissions=...)` what a message holds and who may send it, and send what your project
        has to say. What the method returns goes to the sender alone.
        """
        everybody = WebSocketSession.objects.filter(channel_name=self.websocket_session.channel_name)
        everybody.send_message(
            {{
                "type": "{name}",
                "user": request.user.get_username(),
                "message": self.body.get("message"),
            }}
        )
'''

TEST: Final = '''"""The route {name}, as `manage.py add_route` made it."""

import pytest

from accounts.models import User
from gateway.testing import WebSocketClient

pytestmark = [pytest.mark.django_db, pytest.mark.urls("config.urls")]


def test_{name}_reaches_the_channel() -> None:
    """What one person sends arrives at everybody in the channel. Next: change this together with the handler."""
    sender = WebSocketClient(User.objects.create_user("sender"))
    reader = WebSocketClient(User.objects.create_user("reader"))
    sender.connect()
    reader.connect()

    sender.send({{"action": "{name}", "message": "hello"}})

    assert [message["message"] for message in reader.received] == ["hello"]
'''


def _arguments(name: str) -> str:
    """A handler's, on lines of their own where they would not fit behind its name."""
    arguments = "self, request: HttpRequest, *args: Any, **kwargs: Any"
    return arguments if len(name) <= LONGEST_ON_ONE_LINE else f"\n        {arguments}\n    "


def why_not(name: str, view: type) -> str:
    """What is wrong with a route's name and what to do, or nothing."""
    if not ROUTE.fullmatch(name):
        return "cannot name a route: use at most 64 lower-case letters, digits and _, and begin with a letter"
    if name in BUILT_IN:
        return "is there in every project: leave it out"
    if keyword.iskeyword(name):
        return f"is a word of the Python language: take another name, such as {name}_message"
    if name in getattr(view, "handlers", {}):
        return f"is a handler of {view.__name__} already: take another name"
    if name in NAMES_OF_HANDLERS or hasattr(WebSocketView, name) or hasattr(view, name):
        return f"is a name the view itself uses: take another, such as {name}_message"
    return ""


def with_handler(source: str, class_name: str, name: str) -> str:
    """The module with one more method at the end of the class, and the imports that it needs."""
    tree = ast.parse(source)
    found = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == class_name)
    lines = source.splitlines(keepends=True)
    end = found.end_lineno or len(lines)
    if not lines[end - 1].endswith("\n"):
        lines[end - 1] += "\n"
    lines.insert(end, HANDLER.format(name=name, arguments=_arguments(name)))
    known = _imported(tree)
    missing = [statement for imported, statement in IMPORTS.items() if imported not in known]
    for place, statement in sorted(((_place(tree, statement), statement) for statement in missing), reverse=True):
        lines.insert(place, f"{statement}\n")
    return "".join(lines)


def _place(tree: ast.Module, statement: str) -> int:
    """Before how many lines an import belongs: in order among its package's own, else after all imports."""
    module = statement.split()[1]
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module]
    of_package = [node for node in imports if str(node.module).split(".")[0] == module.split(".")[0]]
    later = next((node for node in of_package if str(node.module) > module), None)
    if later is not None:
        return later.lineno - 1
    every = of_package or _imports(tree)
    return max((node.end_lineno or 0 for node in every), default=0)


def _imports(tree: ast.Module) -> Sequence[ast.Import | ast.ImportFrom]:
    return [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]


def _imported(tree: ast.Module) -> set[str]:
    return {alias.asname or alias.name for node in _imports(tree) for alias in node.names}


def with_route(text: str, name: str) -> str:
    """The gateway's file with one more route, one route a line."""
    content: dict[str, Any] = json.loads(text)
    routes = [*content.pop("routes", []), {"route_key": name, "endpoint": "", "reply": True}]
    head = json.dumps(content, indent=2, ensure_ascii=False).removesuffix("\n}")
    shown = ",\n".join(f"    {json.dumps(route, ensure_ascii=False)}" for route in routes)
    return f'{head},\n  "routes": [\n{shown}\n  ]\n}}\n'


def test_of(name: str) -> str:
    """A test module for the route."""
    return TEST.format(name=name)
