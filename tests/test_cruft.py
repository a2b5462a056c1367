"""A project follows its template from one version to the next with `cruft`, and keeps what is its own."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.rendering import PROJECT, copy_of_the_repository
from tests.shown import Block, commands_of
from tests.test_first_commands import ENTER_AT_EVERY_QUESTION, published_as

CRUFT = Path(sys.executable).parent / "cruft"
# Setting up ends once .env is written: packages are another test's affair.
OFFLINE = {"PIP_NO_INDEX": "1", "UV_OFFLINE": "1", "UV_NO_CACHE": "1"}
SOMEBODY = {
    f"GIT_{role}_{what}": f"{role}@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
}
CHANGED, ADDED, DROPPED = "AGENTS.md", "gateway/added.py", "gunicorn.conf.py"


def run(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=os.environ | OFFLINE | SOMEBODY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def git(folder: Path, *words: str | Path) -> None:
    done = run(folder, "git", *words)
    assert done.returncode == 0, done.stdout


def commit(folder: Path, what: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", what)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare clone with two versions: the second changes, adds and drops a file."""
    folder = tmp_path_factory.mktemp("versions")
    work = copy_of_the_repository(folder / "work")
    git(work, "init", "--quiet", "--initial-branch", "main")
    commit(work, "One")
    git(work, "tag", "1.0")
    inside = work / PROJECT
    (inside / CHANGED).write_text((inside / CHANGED).read_text(encoding="utf-8") + "\nNew in 1.1.\n", encoding="utf-8")
    (inside / ADDED).write_text('"""New in 1.1."""\n', encoding="utf-8")
    (inside / DROPPED).unlink()
    commit(work, "Two")
    git(work, "tag", "1.1")
    git(folder, "clone", "--quiet", "--bare", "work", "template.git")
    return folder / "template.git"


@dataclass
class Project:
    """A project that was made from version 1.0, in a repository of its own."""

    folder: Path

    def cruft(self, *words: str) -> subprocess.CompletedProcess[str]:
        return run(self.folder, CRUFT, *words)

    @property
    def state(self) -> dict[str, object]:
        read: dict[str, object] = json.loads((self.folder / ".cruft.json").read_text(encoding="utf-8"))
        return read


@pytest.fixture(scope="module")
def first(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`cruft create`, set up as far as it goes without packages, edited and committed."""
    folder = tmp_path_factory.mktemp("created")
    answers = json.dumps({"project_slug": "chat", "setup_now": True, "routes": "chat_message, ping"})
    done = run(folder, CRUFT, "create", template, "--checkout", "1.0", "--no-input", "--extra-context", answers)
    assert done.returncode == 0, done.stdout
    project = folder / "chat"
    with (project / "README.md").open("a", encoding="utf-8") as readme:
        readme.write("\nOur own words.\n")
    git(project, "init", "--quiet")
    commit(project, "Begin")
    return project


@pytest.fixture
def project(first: Path, tmp_path: Path) -> Project:
    return Project(Path(shutil.copytree(first, tmp_path / "chat", symlinks=True)))


def test_a_project_knows_its_template(project: Project, template: Path) -> None:
    """Which version it was made from, and what was answered."""
    assert project.state["template"] == str(template)
    assert project.state["checkout"] == "1.0"
    assert (project.folder / ".env").is_file()


def test_check_tells_whether_there_is_something_new(project: Project) -> None:
    """By its exit code, for a workflow."""
    assert project.cruft("check", "--checkout", "1.0").returncode == 0
    assert project.cruft("check").returncode == 1


def test_an_update_brings_what_is_new(project: Project) -> None:
    """A changed, an added and a dropped file, and afterwards there is nothing more to do."""
    done = project.cruft("update", "--skip-apply-ask")

    assert done.returncode == 0, done.stdout
    assert (project.folder / CHANGED).read_text(encoding="utf-8").endswith("New in 1.1.\n")
    assert (project.folder / ADDED).is_file()
    assert not (project.folder / DROPPED).exists()
    assert project.cruft("check").returncode == 0


def test_an_update_leaves_alone_what_is_not_the_templates(project: Project) -> None:
    """The project's own words, and what the set-up wrote: each version's rendering made secrets of its own."""
    secrets = (project.folder / ".env").read_bytes()

    done = project.cruft("update", "--skip-apply-ask")

    assert (project.folder / ".env").read_bytes() == secrets
    assert (project.folder / "README.md").read_text(encoding="utf-8").endswith("Our own words.\n")
    assert "Failed to apply" not in done.stdout
    assert list(project.folder.rglob("*.rej")) == []


def test_a_route_can_be_added_on_the_way(project: Project) -> None:
    """Answers may change with an update."""
    done = project.cruft(
        "update", "--skip-apply-ask", "--variables-to-update", '{"routes": "chat_message, ping, wave"}'
    )

    assert done.returncode == 0, done.stdout
    assert "def wave(" in (project.folder / "realtime" / "views.py").read_text(encoding="utf-8")


def test_the_page_comes_true(template: Path, tmp_path: Path, shown: list[Block]) -> None:
    """docs/keep-up.md: a project of version 1.0, then 1.1 is released."""
    create, *later = [command for block in shown for command in commands_of(block.text)]
    released = tmp_path / "template.git"
    git(tmp_path, "clone", "--quiet", "--bare", template, released)
    git(released, "update-ref", "refs/heads/main", "1.0")
    address = published_as("https://github.com/org/apigw-ws-template", released)
    path = {"PATH": f"{CRUFT.parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}

    def say(folder: Path, command: str) -> int:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=os.environ | OFFLINE | SOMEBODY | address | path,
            input=ENTER_AT_EVERY_QUESTION,
            text=True,
            check=False,
        )
        return done.returncode

    assert say(tmp_path, create) == 0
    project = tmp_path / "my_realtime_site"
    git(project, "init", "--quiet")
    commit(project, "Begin")
    git(released, "update-ref", "refs/heads/main", "1.1")
    codes = []
    for command in later:
        codes.append(say(project, command))
        git(project, "add", "--all")
        git(project, "commit", "--quiet", "--allow-empty", "--message", command)

    assert dict(zip(later, codes, strict=True)) == {command: int(command == "cruft check") for command in later}
    assert (project / ADDED).is_file()
    assert "def wave(" in (project / "realtime" / "views.py").read_text(encoding="utf-8")
