"""One clock for both sides of a test: what the emulator calls now is now for Django as well."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from typing import Any

from django.utils import timezone

from emulator.clock import Clock


@contextmanager
def django_reads(clock: Clock) -> Iterator[None]:
    """Inside, `django.utils.timezone.now()` tells that clock's time: in every thread, and as a field's default too.

    The age of a token, the expiry of a login, rate limits and what a handler asks of `timezone.now()` thus follow the clock. What
    asks the machine (`time.time()`, `datetime.now()`, the database's own `now()`, signed values with a `max_age`) stays behind.
    """

    class Datetime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.fromtimestamp(clock.now(), tz)

    # Defaults of fields hold the function itself, so it is not the function that is replaced but the one name that it looks up.
    original = vars(timezone)["datetime"]
    vars(timezone)["datetime"] = Datetime
    try:
        yield
    finally:
        vars(timezone)["datetime"] = original
