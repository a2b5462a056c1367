"""Where `manage.py dev` listens: believed while it runs."""

import subprocess
import sys
from pathlib import Path

import pytest

from config import dev_addresses
from gateway.management.commands.dev import ADDRESSES, told

ENVIRONMENT = dict.fromkeys(ADDRESSES, "http://127.0.0.1:8001")
HOLD = """
import sys
from pathlib import Path
from gateway.management.commands.dev import ADDRESSES, told

with told(Path(sys.argv[1]), dict.fromkeys(ADDRESSES, "of the one that was killed")):
    print("written", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "dev.json"


def test_while_it_runs(file: Path) -> None:
    """Commands in other terminals get every address."""
    with told(file, ENVIRONMENT):
        assert dev_addresses.read(file) == ENVIRONMENT


def test_when_it_is_over(file: Path) -> None:
    """Nothing is left."""
    with told(file, ENVIRONMENT):
        pass

    assert list(file.parent.iterdir()) == []


def test_when_it_was_killed(file: Path) -> None:
    """The file is there, and nobody believes it."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert "AWS_REGION" in dev_addresses.read(file)
        process.kill()

    assert file.exists()
    assert dev_addresses.read(file) == {}


def test_after_a_killed_one(file: Path) -> None:
    """The next one writes its own."""
    file.write_text("{")

    with told(file, ENVIRONMENT):
        assert dev_addresses.read(file) == ENVIRONMENT


def test_two_at_once(file: Path) -> None:
    """The one that ends first leaves the other's alone."""
    with told(file, ENVIRONMENT):
        first = told(file, dict.fromkeys(ADDRESSES, "first"))
        first.__enter__()
        second = told(file, dict.fromkeys(ADDRESSES, "second"))
        second.__enter__()
        first.__exit__(None, None, None)

        assert set(dev_addresses.read(file).values()) == {"second"}
        second.__exit__(None, None, None)
