"""`manage.py explain_refusal ID`: why somebody was refused, and what to do about it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from gateway.explanations import explain
from gateway.models import WebSocketRefusal

FACTS = (
    "connection_id",
    "api_id",
    "channel_name",
    "route_key",
    "ip_address",
    "origin",
    "user_agent",
    "request_id",
    "detail",
)


class Command(BaseCommand):
    """Looks a refusal up by its correlation id, or by a connection id."""

    help = "Explains a refusal, given its id (from the log, the admin or the X-Refusal-Id header) or a connection id."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", help="a refusal's id, or a connection id")

    def handle(self, *args: Any, id: str, **options: Any) -> None:  # noqa: A002  (the argument's name on the command line)
        found = WebSocketRefusal.objects.select_related("user")
        refusal = found.filter(correlation_id=id).first() or found.filter(connection_id=id).first()
        if refusal is None:
            raise CommandError(
                f"There is no refusal {id}. Only the latest are kept, and none of callers without the secret."
            )
        self.stdout.write("\n".join(sentences(refusal)))


def sentences(refusal: WebSocketRefusal) -> list[str]:
    """The refusal in sentences."""
    kind, remedy = explain(refusal.code)
    lines = [
        f"{refusal.get_kind_display()} refused with {refusal.code} ({kind.status}) on {refusal.created_on:%Y-%m-%d %H:%M:%S} UTC.",
        f"It means: {kind.message}",
        f"What helps: {remedy}",
        f"user: {refusal.user or 'nobody signed in'}",
    ]
    return lines + [f"{name}: {value}" for name in FACTS if (value := getattr(refusal, name))]
