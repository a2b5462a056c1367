"""Closing on purpose: a last frame that says why, then the end of the connection.

API Gateway closes with 1000 and no reason of ours, so the reason travels in a frame before it. It happens in the background, since
the caller has no use for the result; what cannot be closed is left to `clear_websocket_sessions`.
"""

import logging
from collections.abc import Sequence
from threading import Thread
from typing import TYPE_CHECKING

from gateway.conf import conf
from gateway.messaging.encoding import encode
from gateway.messaging.fan_out import running_engine
from gateway.messaging.mailing import Mailing
from gateway.messaging.one_by_one import OneByOne
from gateway.messaging.verdict import CLOSING
from gateway.transports import Outcome, Recipient
from gateway.wire import closing_frame

if TYPE_CHECKING:
    from gateway.messaging.engine import Engine

logger = logging.getLogger(__name__)


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
        loop, engine = running_engine()
        loop.call(Closing(engine, frame, len(recipients)).begin, recipients)
    elif transport == "memory":
        _one_by_one(recipients, frame)
    else:
        # Not a daemon: the process waits for it, as it does for the event loop.
        Thread(target=_one_by_one, args=(recipients, frame), name="gateway-closing").start()


class Closing:
    """Two mailings, the second fed by the outcomes of the first. Lives on the event loop."""

    def __init__(self, engine: "Engine", frame: bytes, count: int) -> None:
        self._engine = engine
        self._open = count
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
        _report(recipient, outcome)
        self._open -= 1
        if not self._open:
            self._engine.forget(self._frames)
            self._engine.forget(self._ends)


def _one_by_one(recipients: Sequence[Recipient], frame: bytes) -> None:
    said = OneByOne.of_settings("POST", frame).make(recipients)
    there = [recipient for recipient, outcome in said if outcome is not Outcome.GONE]
    for recipient, outcome in OneByOne.of_settings("DELETE", patience=CLOSING).make(there):
        _report(recipient, outcome)


def _report(recipient: Recipient, outcome: Outcome) -> None:
    if outcome not in {Outcome.SENT, Outcome.GONE}:
        logger.warning("Connection %s could not be closed now; the next clean-up tries again.", recipient.connection_id)
