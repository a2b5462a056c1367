"""One message to many recipients: streamed in chunks, so that memory does not grow with their number."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

from gateway import metrics
from gateway.conf import conf
from gateway.messaging import loop as loops
from gateway.messaging.delivery import Delivery
from gateway.messaging.mailing import Mailing
from gateway.messaging.one_by_one import OneByOne
from gateway.transports import Method, Outcome, Recipient

if TYPE_CHECKING:
    from gateway.messaging.engine import Engine

CHUNK: Final = 1_000

Item = TypeVar("Item")
OnGone = Callable[[list[str]], object]


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in lists of at most `size`."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def fan_out(
    method: Method,
    body: bytes,
    recipients: Iterable[Recipient],
    *,
    delivery: Delivery | None = None,
    on_gone: OnGone | None = None,
) -> Delivery:
    """Makes one call about each recipient and waits for all outcomes, which are counted in `delivery`.

    `recipients` is read, and `on_gone` called with at most `CHUNK` connection ids at a time, in the caller's thread: both may use
    its database connection. Raises nothing for what the network or AWS did; what the caller's iterator raises ends the send.
    """
    account = Account(delivery or Delivery(), on_gone)
    if conf().TRANSPORT == "aiohttp":
        _through_engine(method, body, recipients, account)
    else:
        _through_transport(method, body, recipients, account)
    account.prune()
    account.count(method)
    return account.delivery


class Account:
    """Collects outcomes, and reports the gone in batches."""

    def __init__(self, delivery: Delivery, on_gone: OnGone | None) -> None:
        self.delivery = delivery
        self._on_gone = on_gone
        self.errors: Counter[int] = Counter()
        self._gone: list[str] = []

    def record(self, recipient: Recipient, outcome: Outcome) -> None:
        """Counts one recipient."""
        self.delivery.record(recipient.connection_id, outcome)
        if outcome is Outcome.GONE:
            self._gone.append(recipient.connection_id)
            if len(self._gone) == CHUNK:
                self.prune()

    def prune(self) -> None:
        """Reports those found gone since the last time."""
        gone, self._gone = self._gone, []
        if gone and self._on_gone is not None:
            self._on_gone(gone)

    def count(self, method: Method) -> None:
        """Adds to the figures of this process, once for the whole send."""
        for status, amount in self.errors.items():
            metrics.count("websocket_management_errors_total", amount, status=status)
        for outcome in Outcome if method == "POST" else ():
            if amount := getattr(self.delivery, outcome.value):
                metrics.count("websocket_posts_total", amount, outcome=outcome.value)


def _through_engine(method: Method, body: bytes, recipients: Iterable[Recipient], account: Account) -> None:
    loop, engine = running_engine()
    mailing = Mailing(method, body)
    try:
        for chunk in chunks(recipients, CHUNK):
            mailing.fed += len(chunk)
            loop.run(engine.take(mailing, chunk))
            mailing.wait_until_open(CHUNK)
            _collect(mailing, account)
        mailing.wait_until_open(0)
    finally:
        loop.call(engine.forget, mailing)
        _collect(mailing, account)
        account.delivery.sent += mailing.sent
        account.delivery.problems += mailing.problems
        account.errors += mailing.errors


def _collect(mailing: Mailing, account: Account) -> None:
    while mailing.undelivered:
        account.record(*mailing.undelivered.popleft())


def running_engine() -> "tuple[loops.BackgroundLoop, Engine]":
    """The engine of this process, started when it is first needed and again after a fork."""
    loop = loops.background()
    return loop, loop.resident(partial(_start, loop))


async def _start(loop: loops.BackgroundLoop) -> "Engine":
    import asyncio

    import aiohttp

    from gateway.messaging.engine import Engine
    from gateway.messaging.pace import Pace

    settings = conf()
    # For endpoints behind a proxy. The slots bound the connections.
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=50, ttl_dns_cache=30)
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("Content-Type", "User-Agent", "Accept", "Accept-Encoding"),
    )
    pace = Pace(settings.SEND_RATE, asyncio.get_running_loop().time())
    engine = Engine(session, pace, connections=settings.SEND_CONNECTIONS, timeout=settings.SEND_TIMEOUT)
    loop.at_close(engine.settled)
    loop.at_close(engine.close)
    loop.at_close(session.close)
    return engine


def _through_transport(method: Method, body: bytes, recipients: Iterable[Recipient], account: Account) -> None:
    calls = OneByOne.of_settings(method, body)
    for chunk in chunks(recipients, CHUNK):
        for recipient, outcome in calls.make(chunk):
            account.record(recipient, outcome)
    account.delivery.problems += list(calls.problems.values())
    account.errors += calls.errors
