"""`manage.py cleanup_rate_limits`."""

from datetime import datetime

from gateway.management.reporting import UpkeepCommand
from gateway.models.upkeep import Report, clean_up_rate_limits


class Command(UpkeepCommand):
    help = "Deletes connection attempts beyond the latest that are kept, and rate limits that have run out."

    def upkeep(self, now: datetime, *, dry_run: bool) -> Report:
        """What it did, or would do."""
        return clean_up_rate_limits(now, dry_run=dry_run)
