"""Ids as AWS makes them."""

import base64
import random
import re
from collections.abc import Callable

RandomBytes = Callable[[int], bytes]

CONNECTION_ID = re.compile(r"(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2}(?:==)?|[A-Za-z0-9_-]{3}=?)?")
MAX_CONNECTION_ID_LENGTH = 128


class Identifiers:
    """Makes ids from a source of randomness; a test hands in its own. An id opens nothing, so it may be guessed."""

    def __init__(self, random_bytes: RandomBytes | None = None) -> None:
        self._random_bytes = random_bytes or random.Random().randbytes  # noqa: S311

    def opaque(self) -> str:
        """A connection, request or message id: 16 characters of the base64url alphabet, the last one `=` (`JC1dgf9yoAMCK-g=`)."""
        return base64.urlsafe_b64encode(self._random_bytes(11)).decode("ascii")

    def trace_id(self, now: float) -> str:
        """The value of `X-Amzn-Trace-Id`: `Root=1-`, the second in hex, and 24 random hex digits."""
        return f"Root=1-{int(now):08x}-{self._random_bytes(12).hex()}"


def is_well_formed(connection_id: str) -> bool:
    """Whether AWS would look that id up (410 when it is not connected) rather than call it malformed (400)."""
    return 0 < len(connection_id) <= MAX_CONNECTION_ID_LENGTH and CONNECTION_ID.fullmatch(connection_id) is not None
