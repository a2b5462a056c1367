"""Values inside a message's body, and how they are written where text is needed. Pure."""

import json
import re
from functools import lru_cache
from typing import Any, Final

STEP = re.compile(r"\.(?P<name>[^.\[\]]+)|\[(?P<index>\d+)\]")
NOT_JSON: Final = object()

Path = tuple[str | int, ...]


def parse_body(body: str) -> Any:
    """The JSON value, or `NOT_JSON`."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return NOT_JSON


@lru_cache(maxsize=1024)
def parse_path(path: str) -> Path:
    """`.a.b[0]` -> `("a", "b", 0)`."""
    return tuple(step["name"] if step["name"] is not None else int(step["index"]) for step in STEP.finditer(path))


def value_at(value: Any, path: Path) -> Any:
    """The value at a path, None where there is none."""
    for step in path:
        if isinstance(step, str) and isinstance(value, dict):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def stringify(value: Any) -> str:
    """How a JSON value is written where text is needed: strings as they are, arrays as `[a, b]`, objects as `{a=1}`."""
    try:
        return _written(value)
    except RecursionError:
        return ""


def _written(value: Any) -> str:
    if value is None or value is NOT_JSON:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(_written(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={_written(item)}" for key, item in value.items()) + "}"
    return str(value)
