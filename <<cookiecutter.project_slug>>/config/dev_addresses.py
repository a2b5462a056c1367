"""Where `manage.py dev` listens, for commands in other terminals."""

import json
from pathlib import Path


def read(file: Path) -> dict[str, str]:
    """The variables that `dev` gives its children; empty while it does not run.

    The file alone proves nothing: a process that is killed leaves it behind. Its writer holds a lock on it, and that ends with it.
    """
    import fcntl  # not on Windows, where `dev` does not run either

    try:
        with file.open(encoding="utf-8") as opened:
            text = opened.read()
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return {}
    except BlockingIOError:
        addresses: dict[str, str] = json.loads(text)
        return addresses
    return {}
