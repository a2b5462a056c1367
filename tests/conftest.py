"""What the tests of the template share."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.rendering import PROJECT, ROOT, Renderer, copy_of_the_repository, files_in
from tests.shown import Block, given_to


def load(path: Path) -> ModuleType:
    """A hook or a tool, imported from its file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def shown(request: pytest.FixtureRequest) -> list[Block]:
    """What the tables in `tests/shown.py` say that this test carries out, as the pages have it."""
    blocks = given_to(request.node.nodeid.rpartition("/")[2])
    assert blocks, "Nothing of the documentation is given to this test."
    return blocks


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository as a fresh clone has it."""
    return copy_of_the_repository(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def original(template: Path) -> Path:
    """The folder that is rendered."""
    return template / PROJECT


@pytest.fixture(scope="session")
def tracked(original: Path) -> frozenset[str]:
    """Its files, as relative paths."""
    return files_in(original)


@pytest.fixture(scope="session")
def render(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Renderer:
    """`render(routes="a, b")` is the folder of the rendered project; the same answers are rendered once."""
    return Renderer(template, tmp_path_factory.mktemp("projects"))


@pytest.fixture(scope="session")
def questions() -> dict[str, Any]:
    """cookiecutter.json."""
    read: dict[str, Any] = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    return read


@pytest.fixture(scope="session")
def pre_gen() -> ModuleType:
    """The hook that looks at the answers."""
    return load(ROOT / "hooks" / "pre_gen_project.py")


@pytest.fixture(scope="session")
def post_gen() -> ModuleType:
    """The hook that drops what was not chosen."""
    return load(ROOT / "hooks" / "post_gen_project.py")
