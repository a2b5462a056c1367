"""How log lines look, and what they must not hold."""

import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

QUERY = re.compile(r"\?[^\s\"']+")
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
    "request",
    "status_code",
    "server_time",
}


OF_THE_EVENT = {"connection_id": "X-Gateway-Connection-Id", "request_id": "X-Gateway-Request-Id"}
"""By these a line is found again: in the admin, and in API Gateway's own logs."""
LONGEST = 128


class WithoutQueryString(logging.Filter):
    """Cuts query strings out of messages: a socket's carries its one-time token."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if "?" in text:
            record.msg, record.args = QUERY.sub("?...", text), ()
        return True


def extra_of(record: logging.LogRecord) -> dict[str, Any]:
    """What the caller gave as `extra=`: connection id, request id, refusal code. Of a request that is reported, the event's."""
    given = {name: value for name, value in vars(record).items() if name not in STANDARD and not name.startswith("_")}
    headers = getattr(getattr(record, "request", None), "headers", {})
    ids = {name: headers[header][:LONGEST] for name, header in OF_THE_EVENT.items() if headers.get(header)}
    return ids | _of_access(record) | given


def _of_access(record: logging.LogRecord) -> dict[str, Any]:
    """The event's ids of an access line of gunicorn, which gives the request's headers as arguments of its format."""
    atoms = record.args if record.name == "gunicorn.access" and isinstance(record.args, Mapping) else {}
    found = {name: atoms.get(f"{{{header.lower()}}}i") for name, header in OF_THE_EVENT.items()}
    return {name: str(value)[:LONGEST] for name, value in found.items() if value}


def printable(text: str) -> str:
    """Text with every line break, terminal code and invisible letter written out: none of them does what its sender meant."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


class PlainFormatter(logging.Formatter):
    """For people: one line, with the extra values behind it. What a client sent cannot start a line of its own."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        extra = "".join(f" {name}={value}" for name, value in extra_of(record).items())
        line = printable(f"{time} {record.levelname:<7} {record.name}: {record.getMessage()}{extra}")
        return line + (f"\n{self.formatException(record.exc_info)}" if record.exc_info else "")


class JsonFormatter(logging.Formatter):
    """For machines: one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        } | extra_of(record)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
