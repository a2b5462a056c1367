"""What log lines must not hold."""

import logging
import re

QUERY = re.compile(r"\?[^\s\"']+")


class WithoutQueryString(logging.Filter):
    """Cuts query strings out of request lines: a socket's carries its one-time token."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if "?" in text:
            record.msg, record.args = QUERY.sub("?...", text), ()
        return True
