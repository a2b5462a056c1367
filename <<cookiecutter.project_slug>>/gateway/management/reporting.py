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
        if dry_run or self.stdout.isatty():
            # At a terminal before the work as well: that may take minutes, and somebody is waiting.
            end = " Nothing was changed." if dry_run else ""
            self.stdout.write(f"There are {sentence(self.upkeep(now, dry_run=True))}.{end}")
            self.stdout.flush()
        if not dry_run:
            self.stdout.write(f"{sentence(self.upkeep(now, dry_run=False))}.")


def sentence(report: Report) -> str:
    """A report in one line."""
    return ", ".join(f"{count} {what}" for what, count in report.items())
