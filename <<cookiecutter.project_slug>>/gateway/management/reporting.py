"""What the clean-up commands have in common: a dry run, and a report of what was done."""

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from gateway.models.upkeep import Report


class UpkeepCommand(BaseCommand):
    """Runs `upkeep`. Safe to run at any time, from cron, and twice at once."""

    def upkeep(self, now: datetime, *, dry_run: bool) -> Report:
        """What there is to do, and unless it is a dry run, does it."""
        raise NotImplementedError

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what there is to do; change nothing")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        now: datetime = timezone.now()
        report = self.upkeep(now, dry_run=dry_run)
        done = ", ".join(f"{count} {what}" for what, count in report.items())
        self.stdout.write(f"There are {done}. Nothing was changed." if dry_run else f"{done}.")
