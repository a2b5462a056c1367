"""What may be shown of what went by: secrets are known by the names they travel under, and hidden wherever they reappear."""

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain
from typing import Final
from urllib.parse import parse_qsl

MASK: Final = "***"
WORDS: Final = (
    *("secret", "token", "password", "authorization", "cookie", "credential"),
    *("apikey", "api-key", "api_key", "sessionid", "session-id", "session_id", "session_key"),
)
"""A name that holds one of these, in any case, is the name of a secret."""
MEMBER = re.compile(rf'("[^"\\]{{0,64}}(?:{"|".join(WORDS)})[^"\\]{{0,64}}"\s*:\s*")((?:[^"\\]|\\.)*)', re.IGNORECASE)
"""A member of a JSON object, up to the end of its text value; the text may have been cut off before that."""
SEPARATOR = re.compile(r"[;,]\s*")
MIN_SECRET: Final = 8
"""Characters below which a text is too short to be looked for in others."""
SECRETS_KEPT: Final = 64


@lru_cache(maxsize=512)
def is_secret(name: str) -> bool:
    """Whether a header or query parameter of that name carries something that nobody may read."""
    return _holds_secret_name(name)


class Masker:
    """Hides secrets in headers, URLs and texts. Those it has seen last under a secret name it also finds where no name tells."""

    def __init__(self) -> None:
        self._secrets: dict[str, tuple[str, ...]] = {}
        """What came under a secret name, the latest last, and what of it is looked for in texts."""

    def headers(self, headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """The headers as they may be shown."""
        return [(pair[0], self._hidden(pair[1])) if is_secret(pair[0]) else pair for pair in headers]

    def url(self, url: str) -> str:
        """The URL with the names of its query parameters, but not their values."""
        address, _, query = url.partition("?")
        if not query:
            return address
        pairs = parse_qsl(query, keep_blank_values=True)
        for name, value in pairs:
            if is_secret(name):
                self._hidden(value)
        masked = "&".join(f"{name}={MASK}" for name, _ in pairs)
        return f"{address}?{masked}" if masked else address

    def text(self, text: str) -> str:
        """A message without the values of its members that have a secret name, and without any secret seen before."""
        if _holds_secret_name(text):
            text = MEMBER.sub(lambda match: match[1] + MASK, text)
        for secret in chain.from_iterable(self._secrets.values()):
            if secret in text:
                text = text.replace(secret, MASK)
        return text

    def _hidden(self, value: str) -> str:
        # To the end of the queue: what is seen again and again is never forgotten.
        secrets = self._secrets.pop(value, None)
        self._secrets[value] = _secrets_in(value) if secrets is None else secrets
        if len(self._secrets) > SECRETS_KEPT:
            del self._secrets[next(iter(self._secrets))]
        return MASK


def _secrets_in(value: str) -> tuple[str, ...]:
    """The whole value, and inside a header the values of cookies, what stands behind `Bearer`."""
    parts = (part.partition("=")[2] or part.rpartition(" ")[2] for part in SEPARATOR.split(value))
    return tuple(secret for secret in dict.fromkeys((value, *parts)) if len(secret) >= MIN_SECRET)


def _holds_secret_name(text: str) -> bool:
    lowered = text.lower()
    return any(word in lowered for word in WORDS)
