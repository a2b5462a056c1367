"""What holds for every file that is tracked."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rendering import PROJECT, ROOT, Renderer, known_files

TEXT = [name for name in known_files() if not name.endswith((".png", ".ico", ".woff2"))]
HOSTS = [".".join(parts) for parts in (("pypi", "org"), ("files", "pythonhosted", "org"), ("registry", "npmjs", "org"))]


def texts() -> dict[str, str]:
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in TEXT}


def test_no_path_of_this_machine_is_tracked() -> None:
    """Neither this checkout nor anybody's home."""
    here = re.compile("|".join(re.escape(f"{path}/") for path in (ROOT, ROOT.parent, Path.home()) if path != Path("/")))

    assert [name for name, text in texts().items() if here.search(text)] == []


def test_no_package_registry_is_named() -> None:
    """Whoever installs decides where from."""
    configured = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True, check=False
    ).stdout.strip()
    hosts = HOSTS + ([configured.split("/")[2]] if configured.startswith("http") else [])

    assert [name for name, text in texts().items() if any(host in text for host in hosts)] == []


def test_nothing_private_is_tracked() -> None:
    """Secrets, databases and state stay on the machine that made them."""
    assert [name for name in known_files() if re.search(r"(^|/)\.env$|\.sqlite3|\.tfstate|__pycache__", name)] == []


def test_a_readme_is_read_to_its_end() -> None:
    """So it is short."""
    for name in ("README.md", f"{PROJECT}/README.md"):
        assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) < 150, name


def test_lock_files_hold_hashes_and_nothing_of_this_machine() -> None:
    """Every pin is followed by hashes; there is no option, address or comment."""
    line = re.compile(r"[a-z0-9.\[\],_-]+==\S+( ;.*)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
    locks = [name for name in known_files() if re.search(r"\.lock$|(^|/)requirements.*\.txt$", name)]

    assert len(locks) == 5
    for name in locks:
        for number, text in enumerate((ROOT / name).read_text(encoding="utf-8").splitlines(), 1):
            assert line.fullmatch(text), f"{name}:{number}: {text}"


def pins(name: str) -> dict[str, str]:
    """Package -> version."""
    return dict(re.findall(r"(?m)^([a-z0-9.-]+)(?:\[[^]]*\])?==(\S+)", (ROOT / name).read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-celery.txt"])
def test_the_template_is_tested_with_what_projects_install(name: str) -> None:
    """Version for version, so that a green run here means something there."""
    ours = pins("requirements.lock")

    theirs = pins(f"{PROJECT}/{name}")

    assert {package: ours.get(package) for package in theirs} == theirs


def test_the_lock_holds_the_long_term_release_of_django() -> None:
    """5.2 is supported until April 2028."""
    assert pins(f"{PROJECT}/requirements.txt")["django"].startswith("5.2.")


def test_projects_are_checked_as_the_template_is(render: Renderer) -> None:
    """Two files have to say it; they say the same."""
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    theirs = tomllib.loads((render() / "pyproject.toml").read_text(encoding="utf-8"))

    def without_places(tools: dict[str, Any]) -> dict[str, Any]:
        ruff = {name: value for name, value in tools["ruff"].items() if name != "extend-exclude"}
        ignores = ruff["lint"]["per-file-ignores"]
        ruff["lint"] = ruff["lint"] | {
            "per-file-ignores": {name: value for name, value in ignores.items() if name not in {"hooks/**", "tools/**"}}
        }
        mypy = {name: value for name, value in tools["mypy"].items() if name not in {"files", "mypy_path"}}
        return {"ruff": ruff, "mypy": mypy, "django-stubs": tools["django-stubs"]}

    assert without_places(ours["tool"]) == without_places(theirs["tool"])


@pytest.mark.parametrize("name", [".github/workflows/ci.yml", f"{PROJECT}/.github/workflows/ci.yml"])
def test_workflows_trust_nobody_by_name(name: str) -> None:
    """Actions are pinned by commit, may only read, and keep no credentials."""
    text = (ROOT / name).read_text(encoding="utf-8")
    workflow = yaml.safe_load(text)

    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            if "uses" in step:
                assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step["uses"]), step
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_the_set_up_commands_are_the_two_in_the_readme() -> None:
    """`make demo` and `make test`; what else there is needs neither explanation nor preparation."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert "make demo" in readme
    assert "make test" in readme
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_files_stay_small() -> None:
    """A file that outgrows 300 lines has more than one subject."""
    lines = {
        name: len(text.splitlines())
        for name, text in texts().items()
        if name.endswith((".py", ".js")) and not re.search(r"(^|/)(tests|migrations)/", name)
    }

    assert {name: count for name, count in lines.items() if count > 300} == {}


def test_the_map_shows_the_tree_as_it_is() -> None:
    """Every file of the project, and what it is for; `make map` brings it up to date."""
    done = subprocess.run(
        [sys.executable, "tools/architecture.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_cruft_finds_the_template_folder() -> None:
    """It looks for a name with braces in it, whatever the delimiters are."""
    assert (ROOT / "{{cookiecutter.cruft_marker}}" / "README.md").is_file()
    assert json.loads((ROOT / "cookiecutter.json").read_text())["_jinja2_env_vars"]["variable_start_string"] == "<<"
