"""Bad answers are refused before a file is written, each with one sentence that names the answer and the remedy."""

import ast
import doctest
import json
import os
import re
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cookiecutter.exceptions import FailedHookException

from tests.rendering import PROJECT, ROOT, Renderer

REFUSED = [
    ({"project_slug": "My App"}, "project_slug 'My App'"),
    ({"project_slug": "1app"}, "project_slug '1app'"),
    ({"project_slug": "Äpp"}, "project_slug 'Äpp'"),
    ({"project_slug": "nested/app"}, "project_slug 'nested/app'"),
    ({"project_name": "  ", "project_slug": "app"}, "project_name is empty"),
    ({"description": "one\ntwo"}, "description holds a line break"),
    ({"author": "bell\x07"}, "author holds a line break"),
    ({"domain_name": "https://example.com"}, "domain_name 'https://example.com'"),
    ({"domain_name": "localhost"}, "domain_name 'localhost'"),
    ({"domain_name": "exa_mple.com"}, "domain_name 'exa_mple.com'"),
    ({"domain_name": "-a.example.com"}, "domain_name '-a.example.com'"),
    ({"domain_name": "10.0.0.1"}, "domain_name '10.0.0.1'"),
    ({"domain_name": "münchen.de"}, "domain_name 'münchen.de'"),
    ({"domain_name": "example.com:8000"}, "domain_name 'example.com:8000'"),
    ({"domain_name": "example.com."}, "domain_name 'example.com.'"),
    ({"domain_name": ""}, "domain_name ''"),
    ({"websocket_domain": "wss://ws.example.com/x"}, "websocket_domain 'wss://ws.example.com/x'"),
    ({"aws_region": "Frankfurt"}, "aws_region 'Frankfurt'"),
    ({"aws_region": "us-east"}, "aws_region 'us-east'"),
    ({"routes": "Chat"}, "'Chat'"),
    ({"routes": "1st"}, "'1st'"),
    ({"routes": "chat-message"}, "'chat-message'"),
    ({"routes": "chat message"}, "'chat message'"),
    ({"routes": "_private"}, "'_private'"),
    ({"routes": "$connect"}, "'$connect'"),
    ({"routes": "größe"}, "'größe'"),
    ({"routes": "a" * 65}, f"'{'a' * 65}'"),
    ({"routes": "class"}, "'class' is a word of the Python language"),
    ({"routes": "async"}, "'async' is a word of the Python language"),
    ({"routes": "connect"}, "'connect' is there in every project"),
    ({"routes": "disconnect"}, "'disconnect' is there in every project"),
    ({"routes": "default"}, "'default' is there in every project"),
    ({"routes": "dispatch"}, "'dispatch' is a name the view itself uses"),
    ({"routes": "handler"}, "'handler' is a name the view itself uses"),
    ({"routes": "request"}, "'request' is a name the view itself uses"),
    ({"routes": "ping, pong, ping"}, "'ping' is there twice"),
]

ACCEPTED = [
    {"project_slug": "a"},
    {"project_slug": "my-app_2"},
    {"domain_name": "example.co.uk"},
    {"domain_name": "xn--mnchen-3ya.de"},
    {"domain_name": "Example.COM"},
    {"websocket_domain": "sockets.other.example"},
    {"aws_region": "us-gov-west-1"},
    {"aws_region": "ap-southeast-7"},
    {"aws_region": "eusc-de-east-1"},
    {"routes": ""},
    {"routes": "a" * 64},
    {"routes": "chat_message,fetch_history,"},
    {"routes": "match, type, message, send"},
]


@pytest.mark.parametrize(("answers", "sentence"), REFUSED, ids=lambda value: str(value)[:40])
def test_a_bad_answer_is_refused_and_leaves_no_file(
    render: Renderer, tmp_path: Path, capfd: pytest.CaptureFixture[str], answers: dict[str, Any], sentence: str
) -> None:
    """One line that names the answer, and nothing on disk."""
    with pytest.raises(FailedHookException):
        render.fresh(tmp_path, **answers)

    said = [line for line in capfd.readouterr().err.splitlines() if sentence in line]
    assert len(said) == 1
    assert re.search(r": .+\.$", said[0])
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("answers", ACCEPTED, ids=str)
def test_a_good_answer_is_accepted(render: Renderer, answers: dict[str, Any]) -> None:
    """The borders of what is refused."""
    assert (render(**answers) / "manage.py").is_file()


def test_all_that_is_wrong_is_said_at_once(render: Renderer, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Nobody should have to answer eleven questions once for each mistake."""
    with pytest.raises(FailedHookException):
        render.fresh(tmp_path, project_slug="A", domain_name="b", websocket_domain="c", aws_region="d", routes="if, if")

    lines = capfd.readouterr().err.splitlines()
    for name in (
        "project_slug",
        "domain_name",
        "websocket_domain",
        "aws_region",
        "routes: 'if' is a",
        "routes: 'if' is there",
    ):
        assert any(line.startswith(name) for line in lines), name


def test_the_examples_in_the_hook_are_true(pre_gen: ModuleType) -> None:
    """Each validator shows what it lets through and what it does not."""
    outcome = doctest.testmod(pre_gen)

    assert outcome.attempted >= 8
    assert outcome.failed == 0


def test_the_hooks_parse_on_the_oldest_python_of_cookiecutter() -> None:
    """They run on whatever Python cookiecutter was installed for."""
    for path in (ROOT / "hooks").glob("*.py"):
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))


def attributes_of_the_view() -> set[str]:
    """What `WebSocketView` and its instances are made of, asked of the class itself."""
    script = (
        "import django, json; django.setup();"
        "from django.test import RequestFactory; from gateway.views import WebSocketView;"
        "view = WebSocketView(); view.setup(RequestFactory().post('/'));"
        "declared = (name for base in WebSocketView.__mro__ for name in getattr(base, '__annotations__', {}));"
        "print(json.dumps([*dir(view), *declared]))"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": "."}
    python = ROOT / ".venv" / "bin" / "python"
    said = subprocess.run(
        [python, "-B", "-c", script], cwd=ROOT / PROJECT, env=environment, check=True, capture_output=True, text=True
    )
    return set(json.loads(said.stdout))


def names_that_the_class_body_reads(view: Path) -> set[str]:
    """Decorators and annotations of a rendered view: a handler of the same name would be found in their place."""
    (body,) = [node for node in ast.parse(view.read_text(encoding="utf-8")).body if isinstance(node, ast.ClassDef)]
    outer = [
        expression
        for method in body.body
        if isinstance(method, ast.FunctionDef)
        for expression in (*method.decorator_list, method.returns, *(arg.annotation for arg in method.args.args))
        if expression is not None
    ]
    return {node.id for expression in outer for node in ast.walk(expression) if isinstance(node, ast.Name)}


def test_the_table_of_names_in_use_is_that_of_the_view(render: Renderer, pre_gen: ModuleType) -> None:
    """A route may be called anything that the view does not need for itself, and nothing that it does."""
    in_use = attributes_of_the_view() | names_that_the_class_body_reads(render() / "realtime" / "views.py")
    could_be_routes = {name for name in in_use if pre_gen.is_route(name)} - set(pre_gen.BUILT_IN_ROUTES)

    assert set(pre_gen.NAMES_IN_USE) == could_be_routes


def test_what_was_not_chosen_is_dropped_and_nothing_else(post_gen: ModuleType, tmp_path: Path) -> None:
    """Files and folders alike; paths that are gone already do not matter."""
    (tmp_path / "terraform" / "modules").mkdir(parents=True)
    (tmp_path / "terraform" / "main.tf").touch()
    (tmp_path / "requirements-celery.txt").touch()
    (tmp_path / "manage.py").touch()

    post_gen.drop(tmp_path, {"use_terraform": False, "use_celery": False})

    assert [path.name for path in tmp_path.iterdir()] == ["manage.py"]
