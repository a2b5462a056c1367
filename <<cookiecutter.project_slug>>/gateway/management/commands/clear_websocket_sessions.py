"""`manage.py clear_websocket_sessions`: nothing is believed connected that cannot be."""

from datetime import datetime

from gateway.management.reporting import UpkeepCommand
from gateway.models.upkeep import Report, clear_sessions
from gateway.revocation import end_lost_logins


class Command(UpkeepCommand):
    help = (
        "Closes connections whose logins have ended unnoticed, retires sessions that are older than any connection or that API "
        "Gateway no longer knows, finishes what is marked as closing, and deletes disconnected sessions past their retention. Run "
        "it every quarter of an hour."
    )

    def upkeep(self, now: datetime, *, dry_run: bool) -> Report:
        """What it did, or would do."""
        what = "whose login has ended" if dry_run else "closed for a lost login"
        return {what: end_lost_logins(now, dry_run=dry_run)} | clear_sessions(now, dry_run=dry_run)
