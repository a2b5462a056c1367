"""Closing on purpose: a last frame that says why, then the end of the connection.

API Gateway closes with 1000 and no reason of ours, so the reason travels in a frame before it. It happens in the background, since
the caller has no use for the result; what cannot be closed is left to `clear_websocket_sessions`.
"""

import logging
from collections.abc import Sequence
from threading import Thread
from typing import TYPE_CHECKING, Final
from weakref import WeakSet

from gateway.conf import conf
from gateway.messaging.encoding import encode
from gateway.messaging.fan_out import running_engine
from gateway.messaging.loop import FAREWELL_SECONDS, before_the_end
from gateway.messaging.mailing import Mailing
from gateway.messaging.one_by_one import OneByOne
from gateway.messaging.verdict import CLOSING
from gateway.transports import Outcome, Recipient
from gateway.wire import closing_frame

if TYPE_CHECKING:
    from gateway.messaging.engine import Engine

logger = logging.getLogger(__name__)

NAMED: Final = 10
"""Connections that a warning names."""

_threads: "WeakSet[Thread]" = WeakSet()


def close_connections(recipients: Sequence[Recipient], code: str) -> None:
    """Says `closing_frame(code)` to each connection and deletes it. Returns at once, except with the memory transport.

    Connections are deleted even if the frame could not be sent, and tried for longer than a `$connect` can last: AWS does not know
    a connection before that.
    """
    frame = encode(closing_frame(code))
    transport = conf().TRANSPORT
    if not recipients:
        return
    if transport == "aiohttp":
        with running_engine() as (loop, engine):
            loop.call(Closing(engine, frame, len(recipients)).begin, recipients)
    elif transport == "memory":
        _one_by_one(recipients, frame)
    else:
        thread = Thread(target=_one_by_one, args=(recipients, frame), name="gateway-closing")
        _threads.add(thread)
        thread.start()


class Closing:
    """Two mailings, the second fed by the outcomes of the first. Lives on the event loop."""

    def __init__(self, engine: "Engine", frame: bytes, count: int) -> None:
        self._engine = engine
        self._open = count
        self._left: list[str] = []
        self._frames = Mailing("POST", frame, then=self._said)
        self._ends = Mailing("DELETE", patience=CLOSING, then=self._ended)

    def begin(self, recipients: Sequence[Recipient]) -> None:
        """Sends the last frames."""
        self._engine.accept(self._frames, recipients)

    def _said(self, recipient: Recipient, outcome: Outcome) -> None:
        if outcome is Outcome.GONE:
            self._ended(recipient, outcome)
        else:
            self._engine.accept(self._ends, [recipient])

    def _ended(self, recipient: Recipient, outcome: Outcome) -> None:
        if not _is_closed(outcome):
            self._left.append(recipient.connection_id)
        self._open -= 1
        if not self._open:
            _report(self._left)
            self._engine.forget(self._frames)
            self._engine.forget(self._ends)


def _one_by_one(recipients: Sequence[Recipient], frame: bytes) -> None:
    said = OneByOne.of_settings("POST", frame).make(recipients)
    there = [recipient for recipient, outcome in said if outcome is not Outcome.GONE]
    ended = OneByOne.of_settings("DELETE", patience=CLOSING).make(there)
    _report([recipient.connection_id for recipient, outcome in ended if not _is_closed(outcome)])


def _is_closed(outcome: Outcome) -> bool:
    return outcome in {Outcome.SENT, Outcome.GONE}


def _report(left: list[str]) -> None:
    """Once for all of them."""
    if left:
        named = ", ".join(left[:NAMED]) + (", ..." if len(left) > NAMED else "")
        logger.warning("%d connections could not be closed now; the next clean-up tries again: %s", len(left), named)


def _finish() -> None:
    for thread in list(_threads):
        thread.join(FAREWELL_SECONDS)


before_the_end(_finish)
