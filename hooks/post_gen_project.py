"""Drops what was not chosen and sets the project up. Whatever happens here, the project is complete."""

import os
import sys

# Everybody waits for this hook, so it imports what it needs where it needs it. Each answer is `True` or `False`.
ANSWERS = {
    "use_terraform": "<<cookiecutter.use_terraform>>",
    "use_celery": "<<cookiecutter.use_celery>>",
    "setup_now": "<<cookiecutter.setup_now>>",
    "by_cruft": "<<'_commit' in cookiecutter>>",
}

OPTIONAL = {
    "use_terraform": ("terraform",),
    "use_celery": (
        "requirements-celery.txt",
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
        if not answers[option]:
            for name in paths:
                remove(os.path.join(root, name))


def remove(path):
    """A file, or a folder with all that is in it, or nothing."""
    for folder, folders, files in os.walk(path, topdown=False):
        for name in files:
            os.unlink(os.path.join(folder, name))
        for name in folders:
            os.rmdir(os.path.join(folder, name))
    if os.path.isdir(path):
        os.rmdir(path)
    elif os.path.exists(path):
        os.unlink(path)


def set_up(root):
    """Run the project's own set-up; whether it came to its end. What it has to say it says itself."""
    import subprocess

    try:
        return subprocess.run([sys.executable, "-I", "setup_project.py"], cwd=root, check=False).returncode == 0
    except (OSError, KeyboardInterrupt):
        return False


def is_for_comparison(root):
    """Whether cruft renders a version only to compare it with another: into a temporary folder, which it deletes.

    Set up, the two would differ in their secrets, and the difference would be applied to the project.
    """
    import re
    import tempfile

    above, folder = os.path.split(os.path.dirname(root))
    return above == os.path.realpath(tempfile.gettempdir()) and bool(re.fullmatch(r"tmp\w{8}", folder))


def main():
    root = os.getcwd()
    answers = {name: answer == "True" for name, answer in ANSWERS.items()}
    drop(root, answers)
    if answers["by_cruft"] and is_for_comparison(root):
        return 0
    folder = os.path.basename(root)
    if answers["setup_now"] and set_up(root):
        print(f"Start it: cd {folder} && make run")
    else:
        print(f"The files are all there. To set the project up: cd {folder} && make install")
    return 0


if __name__ == "__main__":
    sys.exit(main())
