"""Drops what was not chosen and sets the project up. Whatever happens here, the project is complete."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# tojson escapes single quotes and no double ones, so the quotes here must be single.
ANSWERS = r'<<cookiecutter|tojson>>'  # fmt: skip

OPTIONAL = {
    "use_terraform": ("terraform",),
    "use_celery": (
        "requirements-celery.lock",
        "config/celery.py",
        "gateway/tasks.py",
        "tests/gateway/test_tasks.py",
        "tests/gateway/messaging/test_celery.py",
    ),
}
"""Option -> what belongs to it alone."""


def drop(root, answers):
    """Remove the files and folders of the options that were not chosen."""
    for option, paths in OPTIONAL.items():
        if answers[option]:
            continue
        for path in (root / name for name in paths):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def set_up(root):
    """Run the project's own set-up; whether it came to its end. What it has to say it says itself."""
    try:
        return subprocess.run([sys.executable, "-I", "setup_project.py"], cwd=root, check=False).returncode == 0
    except (OSError, KeyboardInterrupt):
        return False


def is_for_comparison(root, answers):
    """Whether cruft renders a version only to compare it with another: into a temporary folder, which it deletes.

    Set up, the two would differ in their secrets, and the difference would be applied to the project.
    """
    folder = root.parent
    is_temporary = folder.parent == Path(tempfile.gettempdir()).resolve() and re.fullmatch(r"tmp\w{8}", folder.name)
    return "_commit" in answers and bool(is_temporary)


def main():
    root = Path.cwd()
    answers = json.loads(ANSWERS)
    drop(root, answers)
    if is_for_comparison(root, answers):
        return 0
    if not answers["setup_now"] or not set_up(root):
        print(
            f"The files are all there. To set the project up: cd {os.path.relpath(root, root.parent)} && make install"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
