"""The first commands of the README and the tutorial, in an empty folder: from nothing to a site that runs."""

import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.rendering import copy_of_the_repository
from tests.shown import Block
from tests.stories import environment, running

ENTER_AT_EVERY_QUESTION = "\n" * 40
OFFLINE = {"PIP_NO_INDEX": "1", "UV_OFFLINE": "1", "UV_NO_CACHE": "1"}
"""Setting up ends once .env is written: fetching packages is `test_setup.py`'s affair."""
SOMEBODY = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com"]


def published_as(address: str, repository: Path) -> dict[str, str]:
    """An environment in which git finds this repository there."""
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{repository}.insteadOf",
        "GIT_CONFIG_VALUE_0": address,
    }


def test_the_first_commands_work(tmp_path: Path, shown: list[Block]) -> None:
    """As they are in the pages; only the repository's address leads here, and ports are free ones."""
    cookiecutter, run = (block.text for block in shown)
    repository = copy_of_the_repository(tmp_path / "repository")
    for words in (["init", "-q"], ["add", "--all"], [*SOMEBODY, "commit", "-qm", "One"]):
        subprocess.run(["git", *words], cwd=repository, check=True)
    variables = environment() | OFFLINE | published_as("https://github.com/org/apigw-ws-template.git", repository)
    variables |= {"PATH": f"{Path(sys.executable).parent}:{variables['PATH']}", "HOME": str(tmp_path / "home")}

    done = subprocess.run(
        ["bash", "-c", cookiecutter],
        cwd=tmp_path,
        env=variables,
        input=ENTER_AT_EVERY_QUESTION,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    with (
        running(tmp_path / "my_realtime_site", run, tmp_path) as story,
        urllib.request.urlopen(f"http://127.0.0.1:{story.port}/", timeout=30) as page,
    ):
        assert page.status == 200
