"""Files that people, editors, bots and agents look for by name: they are in every project, and what they say is so."""

import re
import subprocess
import sys
from configparser import ConfigParser
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from tests.rendering import PROJECT, ROOT, Renderer, files_in

LOOKED_FOR = (
    ".dockerignore",
    ".editorconfig",
    ".gitattributes",
    ".github/dependabot.yml",
    ".github/workflows/ci.yml",
    ".gitignore",
    ".pre-commit-config.yaml",
    "AGENTS.md",
    "ARCHITECTURE.md",
    "LICENSE",
    "README.md",
    "SECURITY.md",
)
READ_BY_DEPENDABOT = {
    "docker": ["Dockerfile"],
    "github-actions": [".github/workflows/*.yml"],
    "npm": ["package.json", "package-lock.json"],
    "pip": ["requirements.txt", "requirements-dev.txt", "requirements-celery.txt", "pyproject.toml"],
}
"""For pip it knows lock files by their suffix: what is called otherwise is never renewed."""


@pytest.fixture(scope="module")
def project(render: Renderer) -> Path:
    return render(use_celery=True, use_terraform=True)


@pytest.fixture
def repository(render: Renderer, tmp_path: Path) -> Path:
    """A fresh project, set up, known to git."""
    made = render.fresh(tmp_path)
    (made / ".venv").symlink_to(Path(sys.prefix))
    (made / ".env").write_text(f"DJANGO_SECRET_KEY={'k' * 50}\nWEBSOCKET_SECRETS={'s' * 40}\n")
    (made / ".git" / "info").mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet"], cwd=made, check=True)
    (made / ".git" / "info" / "exclude").write_text(".venv\n")  # here it is a link, which `.venv/` does not name
    subprocess.run(["git", "add", "--all"], cwd=made, check=True)
    return made


@pytest.mark.parametrize("name", LOOKED_FOR)
def test_it_is_there(project: Path, name: str) -> None:
    """Where it is looked for."""
    assert (project / name).read_text(encoding="utf-8").strip()


def rules_for(name: str, editorconfig: Path) -> dict[str, str]:
    """What .editorconfig asks of a file."""
    parser = ConfigParser(delimiters="=")
    parser.read_string(f"[about]\n{editorconfig.read_text(encoding='utf-8')}")
    rules: dict[str, str] = {}
    for section in parser.sections()[1:]:
        if fnmatch(Path(name).name, section):
            rules |= parser[section]
    return rules


def breaches(name: str, content: bytes, rules: dict[str, str]) -> list[str]:
    """Which of the rules a file does not keep."""
    text = content.decode(rules["charset"])
    lines = text.splitlines()
    kept = {
        "end_of_line": "\r" not in text,
        "insert_final_newline": not text or text.endswith("\n"),
        "trim_trailing_whitespace": not any(line != line.rstrip() for line in lines),
        "indent_style": rules["indent_style"] == "tab" or not any(line.startswith("\t") for line in lines),
    }
    return [f"{name}: {rule}" for rule, is_kept in kept.items() if not is_kept]


def test_every_file_is_as_editorconfig_says(project: Path) -> None:
    """An editor that obeys it changes nothing but what is edited."""
    found = []
    for name in sorted(files_in(project)):
        if "__pycache__" not in name and not name.endswith((".png", ".pyc")):
            found += breaches(name, (project / name).read_bytes(), rules_for(name, project / ".editorconfig"))

    assert found == []


def test_editors_are_told_the_same_here_and_there() -> None:
    """The template's own files are edited by the same people."""
    for name in (".editorconfig",):
        assert (ROOT / name).read_bytes() == (ROOT / PROJECT / name).read_bytes()


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("manage.py", {"text": "auto", "eol": "lf", "linguist-generated": "unspecified"}),
        ("requirements.txt", {"text": "auto", "eol": "lf", "linguist-generated": "set"}),
        ("page.png", {"text": "unset", "diff": "unset"}),
    ],
)
def test_git_treats_files_as_what_they_are(repository: Path, name: str, attributes: dict[str, str]) -> None:
    """Lines end alike on every system, pins are folded away in reviews, pictures are left as they are."""
    said = subprocess.run(
        ["git", "check-attr", *attributes, "--", name], cwd=repository, capture_output=True, text=True, check=True
    ).stdout

    assert dict(re.findall(r": ([\w-]+): (\w+)$", said, re.MULTILINE)) == attributes


def test_git_ignores_what_this_machine_made(repository: Path) -> None:
    """Secrets, databases, environments and caches."""
    names = [".env", "db.sqlite3", "db.sqlite3-wal", ".emulator/state.json", "staticfiles/a.css", "a/__pycache__/b.pyc"]

    said = subprocess.run(["git", "check-ignore", *names], cwd=repository, capture_output=True, text=True, check=False)

    assert said.stdout.split() == names


def test_agents_are_told_what_there_is(project: Path) -> None:
    """Every target, file and folder that AGENTS.md names."""
    text = (project / "AGENTS.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (project / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = re.findall(r"`([\w./*-]+[./][\w./*-]*)`", text)

    assert set(re.findall(r"`make ([a-z]+)", text)) - targets == set()
    assert len(named) >= 8
    places = (project, project / "realtime")
    assert [name for name in named if not any(list(place.glob(name.rstrip("/"))) for place in places)] == [
        "gateway.testing"
    ]
    assert (project / "gateway" / "testing" / "__init__.py").is_file()


@pytest.mark.parametrize("root", ["template", "project"])
def test_dependabot_waits_and_finds_what_it_renews(project: Path, root: str) -> None:
    """A release must be a week old, which is when bad ones have been withdrawn."""
    folder = ROOT if root == "template" else project
    updates = yaml.safe_load((folder / ".github" / "dependabot.yml").read_text(encoding="utf-8"))["updates"]

    assert [update["cooldown"]["default-days"] >= 7 for update in updates] == [True] * len(updates)
    for update in updates:
        for pattern in READ_BY_DEPENDABOT[update["package-ecosystem"]]:
            assert list((folder / update["directory"].strip("/")).glob(pattern)), pattern


def test_dependabot_stays_with_the_long_term_release_of_django(project: Path) -> None:
    """The next one does not run on the oldest Python that is promised: taking it is a decision."""
    updates = yaml.safe_load((project / ".github" / "dependabot.yml").read_text(encoding="utf-8"))["updates"]
    [pip] = [update for update in updates if update["package-ecosystem"] == "pip"]

    assert {"dependency-name": "django", "update-types": ["version-update:semver-major"]} in pip["ignore"]


def pre_commit(repository: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """As git runs it before a commit, for all files."""
    path = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "PRE_COMMIT_HOME": str(tmp_path / "pre-commit")}
    return subprocess.run(
        [".venv/bin/pre-commit", "run", "--all-files"],
        cwd=repository,
        env=path | {"HOME": str(tmp_path), "LANG": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_a_fresh_project_passes_pre_commit(repository: Path, tmp_path: Path) -> None:
    """Every hook, and none of them fetches anything."""
    hooks = yaml.safe_load((repository / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]

    done = pre_commit(repository, tmp_path)

    assert done.returncode == 0, done.stdout
    assert done.stdout.count("Passed") == sum(len(source["hooks"]) for source in hooks)
    assert {source["repo"] for source in hooks} == {"local"}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("realtime/chat.py", "\nKEPT = nobody\n", "F821"),
        ("gateway/limits.py", "\nfrom realtime import chat\n\nKEPT = chat\n", "BROKEN"),
        ("realtime/models.py", "\n\nclass Extra(models.Model):\n    pass\n", "Create model Extra"),
    ],
)
def test_pre_commit_stops_a_mistake(repository: Path, tmp_path: Path, name: str, text: str, said: str) -> None:
    """Each by the hook whose affair it is."""
    with (repository / name).open("a", encoding="utf-8") as file:
        file.write(text)

    done = pre_commit(repository, tmp_path)

    assert done.returncode != 0
    assert said in done.stdout


def test_reports_of_weaknesses_are_private(project: Path) -> None:
    """Both files say so first, and what the project's names exists."""
    for folder in (ROOT, project):
        assert "privately" in (folder / "SECURITY.md").read_text(encoding="utf-8").split("\n\n")[1]
    commands = re.findall(r"`manage\.py (\w+)", (project / "SECURITY.md").read_text(encoding="utf-8"))
    own = {path.stem for path in (project / "gateway" / "management" / "commands").glob("*.py")}
    assert set(commands) <= own | {"check"}
