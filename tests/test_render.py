"""Every combination of answers gives a whole project, and most of it byte for byte what is tracked."""

import ast
import itertools
import json
import re
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from tests.rendering import OPTIONS, Renderer, files_in, is_verbatim

RENDERED = {
    ".env.example",
    "LICENSE",
    "README.md",
    "config/gateway.json",
    "pyproject.toml",
    "realtime/views.py",
    "tests/realtime/test_routes.py",
}
TWENTY = ", ".join(f"route_{number}" for number in range(20))
ROUTES = {"default": "chat_message, fetch_history", "none": "", "comma": ",", "one": "ping", "twenty": TWENTY}
COMBINATIONS = [dict(zip(OPTIONS, values, strict=True)) for values in itertools.product([False, True], repeat=3)]


def name_of(answers: dict[str, bool]) -> str:
    return "+".join(name for name, value in answers.items() if value) or "nothing"


@pytest.fixture(autouse=True)
def no_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Setting up ends early where it is asked for: these tests look at files."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_NO_CACHE", "1")


@pytest.fixture(params=COMBINATIONS, ids=name_of)
def answers(request: pytest.FixtureRequest) -> dict[str, bool]:
    found: dict[str, bool] = request.param
    return found


@pytest.fixture
def project(render: Renderer, answers: dict[str, bool]) -> Path:
    return render(**answers)


def made_by_the_set_up(path: str) -> bool:
    return path == ".env" or path.startswith(".venv/")


def test_a_project_is_what_git_knows_without_the_options_not_taken(
    project: Path, answers: dict[str, bool], tracked: frozenset[str], post_gen: ModuleType
) -> None:
    """The hook's table is the only difference between two projects' lists of files."""
    dropped = tuple(path for option, paths in post_gen.OPTIONAL.items() if not answers[option] for path in paths)

    expected = {path for path in tracked if not path.startswith(tuple(f"{name}/" for name in dropped))}

    assert {path for path in files_in(project) if not made_by_the_set_up(path)} == expected - set(dropped)


def test_most_files_are_verbatim(project: Path, original: Path, questions: dict[str, Any]) -> None:
    """What is not rendered is byte for byte, mode included, what is tracked."""
    patterns = questions["_copy_without_render"]

    for path in files_in(original) & files_in(project):
        if is_verbatim(path, patterns):
            assert (project / path).read_bytes() == (original / path).read_bytes(), path
            assert (project / path).stat().st_mode == (original / path).stat().st_mode, path


def test_at_most_ten_files_are_rendered(tracked: frozenset[str], questions: dict[str, Any]) -> None:
    """A rendered file can be neither linted nor tested in place, so there are few."""
    rendered = {path for path in tracked if not is_verbatim(path, questions["_copy_without_render"])}

    assert rendered == RENDERED
    assert len(rendered) <= 10


def test_every_pattern_of_verbatim_files_matches_something(tracked: frozenset[str], questions: dict[str, Any]) -> None:
    """A list of exceptions rots unless somebody looks."""
    unused = [
        pattern
        for pattern in questions["_copy_without_render"]
        if not any(is_verbatim(path, [pattern]) for path in tracked)
    ]

    assert unused == []


def test_every_path_in_the_table_of_options_exists(original: Path, post_gen: ModuleType) -> None:
    """So does a table of paths to drop."""
    for path in itertools.chain.from_iterable(post_gen.OPTIONAL.values()):
        assert (original / path).exists(), path


@pytest.mark.parametrize("routes", ROUTES.values(), ids=ROUTES.keys())
def test_every_file_parses(render: Renderer, routes: str) -> None:
    """Python, TOML, JSON and YAML, whatever the routes."""
    project = render(routes=routes, use_celery=True, use_terraform=True)
    parsers = {".py": ast.parse, ".toml": tomllib.loads, ".json": json.loads, ".yml": yaml.safe_load}

    for path in project.rglob("*"):
        if path.is_file() and path.suffix in parsers:
            parsers[path.suffix](path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("routes", ROUTES.values(), ids=ROUTES.keys())
def test_no_template_syntax_is_left(render: Renderer, routes: str) -> None:
    """A delimiter in a rendered file, or our variables in any file, would be a mistake that users see."""
    project = render(routes=routes, use_celery=True, use_terraform=True)

    for path in RENDERED:
        assert not re.search(r"<<|<%|<#|%>|#>", (project / path).read_text(encoding="utf-8")), path
    for path in project.rglob("*"):
        if path.is_file():
            assert b"cookiecutter." not in path.read_bytes(), path


@pytest.mark.parametrize("routes", ROUTES.values(), ids=ROUTES.keys())
def test_the_gateway_holds_the_routes_asked_for(render: Renderer, routes: str) -> None:
    """One entry for each route, in the order of the answer, beside what never changes."""
    gateway = json.loads((render(routes=routes) / "config" / "gateway.json").read_text(encoding="utf-8"))

    assert [route["route_key"] for route in gateway["routes"]] == [
        name.strip() for name in routes.split(",") if name.strip()
    ]
    assert (gateway["stage_name"], gateway["default_channel_name"]) == ("production", "lobby")


@pytest.mark.parametrize("routes", ROUTES.values(), ids=ROUTES.keys())
def test_each_route_is_a_handler_that_says_what_to_do_next(render: Renderer, routes: str) -> None:
    """The view has a declared method with a docstring for each route, and `default`."""
    tree = ast.parse((render(routes=routes) / "realtime" / "views.py").read_text(encoding="utf-8"))
    (view,) = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    methods = {node.name: node for node in view.body if isinstance(node, ast.FunctionDef)}

    assert set(methods) == {"default", *(name.strip() for name in routes.split(",") if name.strip())}
    for name, method in methods.items():
        assert "Next:" in (ast.get_docstring(method) or ""), name
        assert [ast.unparse(decorator) for decorator in method.decorator_list] == ["handler"], name


def test_domains_are_written_in_lower_case(render: Renderer) -> None:
    """Host names are compared as text later on."""
    project = render(domain_name="Example.ORG")

    gateway = json.loads((project / "config" / "gateway.json").read_text(encoding="utf-8"))

    assert (gateway["site_domain_name"], gateway["domain_name"]) == ("example.org", "ws.example.org")
    assert "DJANGO_BASE_URL=https://example.org\n" in (project / ".env.example").read_text(encoding="utf-8")


def test_there_are_at_most_twelve_questions_each_with_a_sentence(questions: dict[str, Any]) -> None:
    """Every question is asked in plain words."""
    asked = [name for name in questions if not name.startswith("_")]

    assert len(asked) <= 12
    assert set(questions["__prompts__"]) == set(asked)


def test_the_project_is_complete_when_hooks_are_not_accepted(
    template: Path, tracked: frozenset[str], tmp_path: Path
) -> None:
    """Without the hooks there is more than was chosen, never less."""
    from cookiecutter.main import cookiecutter

    project = Path(cookiecutter(str(template), no_input=True, accept_hooks=False, output_dir=str(tmp_path)))

    assert files_in(project) == tracked
    assert "make install" in (project / "README.md").read_text(encoding="utf-8")
