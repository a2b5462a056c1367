"""Whatever people call their project comes out as they wrote it."""

import ast
import tomllib

import pytest

from tests.rendering import Renderer

TEXTS = [
    "plain",
    "it's \"quoted\" and 'quoted'",
    "\"\"\"triple\"\"\" and '''triple'''",
    "Grüße aus Köln — 東京",
    "rocket 🚀 family 👨‍👩‍👧",
    "back\\slash \\n \\u0041 \\",
    "{{ jinja }} {% if x %} {# no #} ${{ github }} ${shell} %(percent)s %s",
    "a > b && c | d; $(rm) `x` #hash",
    "</script> & entities &amp;",
]


@pytest.mark.parametrize("text", TEXTS)
def test_texts_come_out_intact(render: Renderer, text: str) -> None:
    """In TOML they mean the same, in prose they are the same, and escapes are kept to what must be escaped."""
    project = render(project_name=text, description=text, author=text, project_slug="chat")

    source = (project / "pyproject.toml").read_text(encoding="utf-8")
    metadata = tomllib.loads(source)["project"]

    assert metadata["description"] == text
    assert metadata["authors"] == [{"name": text}]
    assert all(character in source for character in text if ord(character) > 127)
    assert (project / "README.md").read_text(encoding="utf-8").startswith(f"# {text}\n\n{text}\n")
    assert f"Copyright (c) {text}\n" in (project / "LICENSE").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", TEXTS)
def test_texts_cannot_break_the_python(render: Renderer, text: str) -> None:
    """The rendered modules parse whatever the texts are."""
    project = render(project_name=text, description=text, author=text, project_slug="chat")

    for path in ("realtime/views.py", "tests/realtime/test_routes.py"):
        ast.parse((project / path).read_text(encoding="utf-8"))


def test_the_folder_is_named_after_the_title(render: Renderer) -> None:
    """Letters beyond ASCII are spelled out rather than dropped."""
    assert render(project_name="Grüße & Co: Chat").name == "grusse_co_chat"


def test_a_slug_may_end_in_a_dash_although_a_package_name_may_not(render: Renderer) -> None:
    """The package's metadata leaves it away."""
    project = render(project_slug="chat-")

    assert project.name == "chat-"
    assert tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]["name"] == "chat"
