"""The page's own tests, which Node.js runs: `node --test tests/emulator/inspector/`."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

NODE = shutil.which("node")
IN_CI = os.environ.get("CI") == "true"


@pytest.mark.skipif(NODE is None and not IN_CI, reason="Node.js is not installed")
def test_the_page_passes_its_own_tests() -> None:
    """Node's test runner reports which one failed."""
    command = [NODE or "node", "--test", str(Path(__file__).parent / "page.test.mjs")]

    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stdout
