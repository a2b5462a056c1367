"""`manage.py explain_refusal [ID]`: why somebody was refused, and what to do about it."""

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
    """Looks a refusal up by its correlation id, or by a connection id; without either, the latest."""

    help = (
        "Explains a refusal, given its id (from the log, the admin or the X-Refusal-Id header) or a connection id. "
        "Without either: the latest one."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", nargs="?", default="", help="a refusal's id, or a connection id")

    def handle(self, *args: Any, id: str, **options: Any) -> None:  # noqa: A002  (the argument's name on the command line)
        refusal = wanted(id)
        if refusal is None:
            which = f"There is no refusal {id}." if id else "Nobody has been refused."
            raise CommandError(f"{which} Only the latest are kept, and none of callers without the secret.")
        self.stdout.write("\n".join(sentences(refusal)))


def wanted(id: str) -> WebSocketRefusal | None:  # noqa: A002
    """The refusal with this id, or of this connection; the latest if none is named, checks aside: they repeat what was refused."""
    found = WebSocketRefusal.objects.select_related("user")
    if not id:
        return found.exclude(kind=WebSocketRefusal.Kind.CHECK).order_by("-pk").first()
    return found.filter(correlation_id=id).first() or found.filter(connection_id=id).first()


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
