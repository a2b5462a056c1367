"""Drops what was not chosen and sets the project up. Whatever happens here, the project is complete."""

import json
import os
import shutil
import subprocess
import sys
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


def main():
    root = Path.cwd()
    answers = json.loads(ANSWERS)
    drop(root, answers)
    if not answers["setup_now"] or not set_up(root):
        print(
            f"The files are all there. To set the project up: cd {os.path.relpath(root, root.parent)} && make install"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
