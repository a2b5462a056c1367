"""The client's own tests, which Node.js runs: `node --test tests/client/*.test.mjs`."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

NODE = shutil.which("node")
IN_CI = os.environ.get("CI") == "true"


@pytest.mark.skipif(NODE is None and not IN_CI, reason="Node.js is not installed")
def test_the_client_passes_its_own_tests():
    """Node's test runner reports which one failed."""
    files = sorted(str(path) for path in Path(__file__).parent.glob("*.test.mjs"))

    done = subprocess.run([NODE or "node", "--test", *files], capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stdout
