"""One row for each connection that API Gateway told us of, and the ways to reach it."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Self
from uuid import uuid4

from django.conf import settings
from django.db import connections, models, transaction
from django.db.models import Case, F, When
from django.utils import timezone

from gateway.conf import conf
from gateway.events import connecting
from gateway.limits import MAX_CONNECTION_ID_LENGTH, MAX_CONNECTION_SECONDS
from gateway.messaging.closing import close_connections
from gateway.messaging.delivery import Delivery
from gateway.messaging.encoding import encode
from gateway.messaging.fan_out import CHUNK, fan_out
from gateway.messaging.verdict import YOUNG_SECONDS
from gateway.models.api_gateway import ApiGateway
from gateway.transports import Outcome, Recipient


class NoReceiversError(LookupError):
    """There is nobody to send to, and the caller asked for somebody."""


class StillConnectingError(RuntimeError):
    """A message to a connection whose `$connect` is still being answered, which API Gateway would answer with 410 or not at all."""


class WebSocketSessionQuerySet(models.QuerySet["WebSocketSession"]):
    """Many connections at once. The methods that send work on any queryset, sliced ones included."""

    def deliverable(self, now: datetime | None = None) -> Self:
        """Those worth a try: connected, not closing, and younger than the two hours no connection outlives.

        Inside `on_connect` without the connection that is being made: API Gateway does not know it before that has returned.
        """
        oldest = (now or timezone.now()) - timedelta(seconds=MAX_CONNECTION_SECONDS)
        found = self.filter(connected=True, closing_on__isnull=True, created_on__gt=oldest)
        return found.exclude(connection_id=connecting.get()) if connecting.get() else found

    def send_message(
        self,
        data: Mapping[str, Any],
        *,
        exclude: "WebSocketSession | None" = None,
        require_receivers: bool = False,
        wait_for_commit: bool = True,
    ) -> Delivery:
        """Sends one message to every deliverable session of this queryset, and prunes those found gone.

        Outside a transaction the result is final. Inside one it is `pending` until the commit, and nothing is sent if that rolls
        back; `wait_for_commit=False` sends at once. `exclude` leaves one session out, usually the sender's.

        Raises `InvalidMessageError` before anything is sent, and with `require_receivers` `NoReceiversError`.
        """
        # Workers may send a message twice; clients drop what they have seen by its id.
        body = encode(data, {"message_id": str(uuid4())} if conf().SHARD_DISPATCHER else {})
        receivers = _unsliced(self).deliverable()
        if exclude is not None:
            receivers = receivers.exclude(pk=exclude.pk)
        if require_receivers and not receivers.exists():
            raise NoReceiversError("No connection matches.")
        delivery = Delivery()
        send = partial(_deliver_to_many, receivers, body, delivery)
        if wait_for_commit:
            _after_commit(self.db, send, delivery)
        else:
            send()
        return delivery

    def close(self, code: str) -> int:
        """Ends the connections of this queryset and returns how many: `code` tells the client why.

        From this UPDATE on their messages are refused and nothing is sent to them. After the commit each gets a last frame and is
        closed, in the background; what fails is retried, and left to `clear_websocket_sessions` in the end.
        """
        now = timezone.now()
        everybody = self.model._default_manager.using(self.db)
        open_ones = everybody.filter(pk__in=self.values("pk"), connected=True, closing_on__isnull=True)
        marked = _update(open_ones, closing_on=now, closing_code=code, updated_on=now)
        if marked:
            # `connected` lets the database use an index that holds no dead rows.
            of_this_call = everybody.filter(connected=True, closing_on=now, closing_code=code)
            _after_commit(self.db, partial(_close, of_this_call, code))
        return marked

    def retire(self, connection_ids: list[str], now: datetime | None = None) -> int:
        """Marks connections as disconnected, in one UPDATE: they were found gone."""
        now = now or timezone.now()
        found = self.filter(connection_id__in=connection_ids, connected=True)
        return _update(found, connected=False, disconnected_on=now, updated_on=now)

    def recipients(self) -> Iterator[Recipient]:
        """The addresses of this queryset's sessions, read in short queries of a thousand rows, by primary key.

        No transaction or cursor stays open while they are being sent to, and memory does not grow with their number.
        """
        callback_urls = dict(ApiGateway.objects.using(self.db).values_list("pk", "callback_url"))
        # Only of a young connection is it asked when it was opened, and to read a point in time costs as much as all the rest.
        young = Case(When(created_on__gt=timezone.now() - timedelta(seconds=YOUNG_SECONDS), then=F("created_on")))
        for _, connection_id, gateway, created_on in self._paged("connection_id", "api_gateway_id", young):
            yield Recipient(
                connection_id, callback_urls.get(gateway, ""), created_on.timestamp() if created_on else 0.0
            )

    def primary_keys(self) -> Iterator[int]:
        """The primary keys of this queryset's sessions, read in the same way."""
        for (pk,) in self._paged():
            yield pk

    def _paged(self, *fields: str | Case) -> Iterator[tuple[Any, ...]]:
        rows = _unsliced(self).order_by("pk").values_list("pk", *fields)
        last = 0
        while chunk := list(rows.filter(pk__gt=last)[:CHUNK]):
            for row in chunk:
                # A queryset that joins many-valued relations has a row several times.
                if row[0] != last:
                    yield row
                last = row[0]


class WebSocketSession(models.Model):
    """A connection, from `$connect` until it is known to be gone.

    A row moves forward only: connected, then closing (`closing_on` set: we asked for the end), then disconnected.
    """

    connection_id = models.CharField(max_length=MAX_CONNECTION_ID_LENGTH, unique=True)
    channel_name = models.CharField(max_length=191)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="websocket_sessions"
    )
    api_gateway = models.ForeignKey(ApiGateway, models.CASCADE, related_name="websocket_sessions")
    connected = models.BooleanField(default=True)
    request_count = models.PositiveIntegerField(default=0)
    created_on = models.DateTimeField(default=timezone.now)
    updated_on = models.DateTimeField(default=timezone.now)

    session_key_hash = models.CharField(max_length=64, blank=True, db_index=True, editable=False)
    """SHA-256 of the Django session's key: finds the sockets that a login opened, without storing the key."""
    auth_hash = models.CharField(max_length=128, blank=True, editable=False)
    """The user's session auth hash at `$connect`: a password change makes it stale."""
    permissions = models.JSONField(default=list, blank=True, editable=False)
    """What this connection was admitted with: see `gateway.guards.requirements`."""
    message_instants = models.TextField(blank=True, editable=False)
    """When its last messages came, for the message rate: see `gateway.models.limiter`."""
    strikes = models.PositiveIntegerField(default=0, editable=False)
    """Messages refused by the message rate in a row."""
    user_agent = models.CharField(max_length=512, blank=True)
    ip_address = models.GenericIPAddressField(null=True, blank=True)
    closing_on = models.DateTimeField(null=True, blank=True)
    closing_code = models.CharField(max_length=64, blank=True)
    disconnected_on = models.DateTimeField(null=True, blank=True)
    disconnect_seen = models.BooleanField(default=False, editable=False)
    """Whether `$disconnect` has come. A connection may be known to be gone long before."""
    disconnect_code = models.PositiveIntegerField(null=True, blank=True)
    disconnect_reason = models.CharField(max_length=128, blank=True)

    objects = WebSocketSessionQuerySet.as_manager()

    class Meta:
        verbose_name = "WebSocket session"
        ordering = ["-id"]
        indexes = [
            # What sends reads is found without the dead rows, in the order in which it is read.
            models.Index(fields=["channel_name", "id"], condition=models.Q(connected=True), name="live_by_channel"),
            models.Index(fields=["id"], condition=models.Q(connected=True), name="live"),
            models.Index(fields=["closing_on"], condition=models.Q(connected=True), name="live_and_closing"),
            models.Index(fields=["disconnected_on"], condition=models.Q(connected=False), name="dead_since"),
        ]

    def __str__(self) -> str:
        return self.connection_id

    def send_message(self, data: Mapping[str, Any], *, wait_for_commit: bool = True) -> Delivery:
        """Sends one message to this connection, as `WebSocketSessionQuerySet.send_message` does.

        A session that is no longer deliverable counts as gone. Raises `StillConnectingError` inside its own `on_connect`: answer
        the client's first message with what a new connection should see.
        """
        if self.connection_id == connecting.get():
            raise StillConnectingError(
                f"{self.connection_id} cannot be sent to inside on_connect: API Gateway does not know it before $connect is "
                "answered. Answer the client's first message instead."
            )
        body = encode(data)
        alias = self._state.db
        mine = WebSocketSession.objects.using(alias).filter(pk=self.pk).deliverable()
        delivery = Delivery()

        def send() -> None:
            _deliver(mine, body, delivery)
            if not delivery.total:
                delivery.record(self.connection_id, Outcome.GONE)

        if wait_for_commit:
            _after_commit(mine.db, send, delivery)
        else:
            send()
        return delivery


def _update(rows: models.QuerySet[WebSocketSession], **values: Any) -> int:
    """Updates rows that are locked in the order of their keys: two updates that met in another order would be a deadlock."""
    locked = rows.order_by("pk").select_for_update().values("pk")
    with transaction.atomic(using=rows.db):
        return rows.model._default_manager.using(rows.db).filter(pk__in=locked).update(**values)


def _unsliced(queryset: WebSocketSessionQuerySet) -> WebSocketSessionQuerySet:
    if not queryset.query.is_sliced:
        return queryset
    manager = queryset.model._default_manager.using(queryset.db)
    found: WebSocketSessionQuerySet = manager.filter(pk__in=queryset.values("pk"))
    return found


def _deliver(receivers: WebSocketSessionQuerySet, body: bytes, delivery: Delivery) -> None:
    everybody = WebSocketSession.objects.using(receivers.db)
    try:
        fan_out("POST", body, receivers.recipients(), delivery=delivery, on_gone=everybody.retire)
    finally:
        delivery.pending = False


def _deliver_to_many(receivers: WebSocketSessionQuerySet, body: bytes, delivery: Delivery) -> None:
    from gateway.models.broadcast import Broadcast, dispatcher

    dispatch = dispatcher()
    size = conf().SHARD_SIZE
    if dispatch is None or receivers.order_by()[: size + 1].count() <= size:
        _deliver(receivers, body, delivery)
        return
    broadcast = Broadcast.objects.create(message=body.decode())
    delivery.pending = True
    delivery.broadcast_id = str(broadcast.pk)
    broadcast.hand_out(receivers, dispatch)


def _close(marked: WebSocketSessionQuerySet, code: str) -> None:
    close_connections(list(marked.recipients()), code)


def _after_commit(alias: str, action: Callable[[], None], delivery: Delivery | None = None) -> None:
    """Acts at once, or after the commit of the transaction that is open.

    A test case's own transaction never commits and does not count: there, code that opens none behaves as it does in production.
    """
    blocks = connections[alias].atomic_blocks
    if all(getattr(block, "_from_testcase", False) for block in blocks):
        action()
        return
    if delivery is not None:
        delivery.pending = True
    transaction.on_commit(action, using=alias, robust=True)
