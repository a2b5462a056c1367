"""One message to many recipients: streamed in chunks, so that memory does not grow with their number."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

from gateway import metrics
from gateway.conf import conf
from gateway.messaging import loop as loops
from gateway.messaging.delivery import Delivery
from gateway.messaging.mailing import Mailing, SendStalledError
from gateway.messaging.one_by_one import OneByOne
from gateway.messaging.verdict import CLOSING, SENDING
from gateway.transports import CONNECT_SECONDS, Method, Outcome, Recipient

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
    through = _through_engine if conf().TRANSPORT == "aiohttp" else _through_transport
    try:
        through(method, body, recipients, account)
        account.prune()
    except Exception as error:
        account.delivery.problems.append(f"Not everybody was tried: {error}")
        raise
    finally:
        account.count(method)
    return account.delivery


class Account:
    """Collects outcomes, and reports the gone in batches."""

    def __init__(self, delivery: Delivery, on_gone: OnGone | None) -> None:
        self.delivery = delivery
        self._on_gone = on_gone
        self._gone: list[str] = []

    def record(self, recipient: Recipient, outcome: Outcome) -> None:
        """Counts one recipient."""
        self.delivery.record(recipient.connection_id, outcome)
        if outcome is Outcome.GONE:
            self._gone.append(recipient.connection_id)

    def prune(self, least: int = 1) -> None:
        """Reports those found gone since the last time, if there are enough of them."""
        while len(self._gone) >= least:
            gone, self._gone = self._gone[:CHUNK], self._gone[CHUNK:]
            if self._on_gone is not None:
                self._on_gone(gone)

    def count(self, method: Method) -> None:
        """Adds the outcomes to the figures of this process, once for the whole send. Errors are counted where they are answered."""
        for outcome in Outcome if method == "POST" else ():
            if amount := getattr(self.delivery, outcome.value):
                metrics.count("websocket_posts_total", amount, outcome=outcome.value)


def longest_quiet() -> float:
    """How many seconds may pass in which no call of a send ends.

    The last one may be repeated as often as patience has it, after it has waited behind the closing of its own connection.
    """
    call = CONNECT_SECONDS + conf().SEND_TIMEOUT
    return SENDING.longest(call) + CLOSING.longest(call)


def _through_engine(method: Method, body: bytes, recipients: Iterable[Recipient], account: Account) -> None:
    mailing, quiet = Mailing(method, body), longest_quiet()
    with running_engine() as (loop, engine):
        try:
            for chunk in chunks(recipients, CHUNK):
                _feed(loop, engine, mailing, chunk, quiet)
                mailing.wait_until_open(CHUNK, quiet)
                _collect(mailing, account)
                account.prune(CHUNK)
            mailing.wait_until_open(0, quiet)
        except SendStalledError:
            raise
        except Exception:
            # What has not left is not sent, and what is under way is waited for: everybody who was fed has an outcome.
            loop.call(engine.forget, mailing)
            mailing.wait_until_open(0, quiet)
            raise
        finally:
            loop.call(engine.forget, mailing)
            account.delivery.sent += mailing.sent
            account.delivery.problems += mailing.problems
            _collect(mailing, account)


def _feed(loop: loops.BackgroundLoop, engine: "Engine", mailing: Mailing, chunk: list[Recipient], quiet: float) -> None:
    mailing.fed += len(chunk)
    try:
        loop.run(engine.take(mailing, chunk), quiet)
    except TimeoutError:
        raise mailing.stalled(quiet) from None


def _collect(mailing: Mailing, account: Account) -> None:
    while mailing.undelivered:
        account.record(*mailing.undelivered.popleft())


@contextmanager
def running_engine() -> "Iterator[tuple[loops.BackgroundLoop, Engine]]":
    """The engine of this process, started when it is first needed and again after a fork. It does not end before the block does."""
    with loops.held() as loop:
        yield loop, loop.resident(partial(_start, loop))


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
    try:
        for chunk in chunks(recipients, CHUNK):
            for recipient, outcome in calls.make(chunk):
                account.record(recipient, outcome)
            account.prune(CHUNK)
    finally:
        account.delivery.problems += calls.problems.values()
