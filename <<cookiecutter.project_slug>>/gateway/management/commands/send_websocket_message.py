"""`manage.py send_websocket_message`: to a connection, a user, a channel or everybody."""

import json
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from gateway.conf import conf
from gateway.messaging.delivery import Delivery
from gateway.messaging.encoding import InvalidMessageError, encode
from gateway.messaging.fan_out import CHUNK, chunks
from gateway.models import Broadcast, WebSocketSession
from gateway.models.session import WebSocketSessionQuerySet

BAR = 40


class Command(BaseCommand):
    """Sends one message and reports what became of it."""

    help = "Sends a message, a JSON object, to open connections."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("message", nargs="?", help="""a JSON object: '{"type": "notice", "message": "Hello"}'""")
        target = parser.add_mutually_exclusive_group(required=True)
        target.add_argument("--connection", metavar="ID", help="one connection")
        target.add_argument("--user", metavar="NAME", help="all connections of a user, by user name")
        target.add_argument("--channel", metavar="NAME", help="everybody in a channel")
        target.add_argument("--all", action="store_true", help="everybody")
        target.add_argument(
            "--report", metavar="ID", type=UUID, help="what became of a broadcast that workers carry out"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["report"]:
            self.report(self.told(options["report"]))
            return
        message = parsed(options["message"])
        receivers = addressed(options).deliverable()
        count = receivers.count()
        if not count:
            raise CommandError("Nobody who is connected matches.")
        self.report(self.send(receivers, message, count))

    def send(self, receivers: WebSocketSessionQuerySet, message: dict[str, Any], count: int) -> Delivery:
        """Sends in parts, so that there is something to watch; very many recipients are left to workers if there are any."""
        if conf().SHARD_DISPATCHER and count > conf().SHARD_SIZE:
            return receivers.send_message(message)
        delivery = Delivery()
        for keys in chunks(receivers.primary_keys(), CHUNK):
            part = WebSocketSession.objects.filter(pk__in=keys)
            delivery.merge(part.send_message(message, wait_for_commit=False))
            self.progress(delivery.total, count)
        return delivery

    def progress(self, done: int, count: int) -> None:
        """A bar, on a terminal only."""
        if self.stdout.isatty():
            filled = min(BAR, BAR * done // count)
            end = "\n" if done >= count else ""
            self.stdout.write(f"\r[{'#' * filled}{'.' * (BAR - filled)}] {done}/{count}{end}", ending="")
            self.stdout.flush()

    def told(self, broadcast_id: UUID) -> Delivery:
        """The account of a broadcast."""
        broadcast = Broadcast.objects.filter(pk=broadcast_id).first()
        if broadcast is None:
            raise CommandError(f"There is no broadcast {broadcast_id}; its account may be past its retention.")
        return broadcast.delivery()

    def report(self, delivery: Delivery) -> None:
        """Says what became of the message; fails if somebody was not sent to who is not simply gone."""
        if delivery.pending:
            self.stdout.write(f"Workers have it: broadcast {delivery.broadcast_id}. Ask again with --report.")
        self.stdout.write(
            f"sent {delivery.sent}, gone {delivery.gone}, throttled {delivery.throttled}, failed {delivery.failed}"
        )
        if delivery.problems or delivery.throttled or delivery.failed:
            raise CommandError("\n".join(["Not everybody was sent to.", *delivery.problems]))


def parsed(text: str | None) -> dict[str, Any]:
    """The message, checked before anybody is looked up."""
    try:
        message = json.loads(text or "")
        encode(message)
    except json.JSONDecodeError as error:
        raise CommandError(f"The message is not JSON: {error}.") from error
    except InvalidMessageError as error:
        raise CommandError(str(error)) from error
    return dict(message)


def addressed(options: dict[str, Any]) -> WebSocketSessionQuerySet:
    """The sessions that the options name."""
    sessions = WebSocketSession.objects.all()
    if options["connection"]:
        return sessions.filter(connection_id=options["connection"])
    if options["user"]:
        return sessions.filter(**{f"user__{get_user_model().USERNAME_FIELD}": options["user"]})
    return sessions.filter(channel_name=options["channel"]) if options["channel"] else sessions
