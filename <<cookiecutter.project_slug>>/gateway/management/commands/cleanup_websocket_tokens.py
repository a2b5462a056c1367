"""`manage.py cleanup_websocket_tokens`."""

from datetime import datetime

from gateway.management.reporting import UpkeepCommand
from gateway.models.upkeep import Report, clean_up_tokens


class Command(UpkeepCommand):
    help = "Deletes one-time tokens that nobody can redeem any more."

    def upkeep(self, now: datetime, *, dry_run: bool) -> Report:
        """What it did, or would do."""
        return clean_up_tokens(now, dry_run=dry_run)
