"""Calls through a transport that makes one at a time: boto3 in a few threads, or the outbox of tests."""

import logging
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import sleep, time
from typing import Final

from gateway import metrics
from gateway.conf import conf
from gateway.messaging.verdict import HOPELESS, SENDING, Patience, verdict
from gateway.transports import Answer, Boto3Transport, MemoryTransport, Method, Outcome, Recipient, Transport

logger = logging.getLogger(__name__)

BOTO3_THREADS: Final = 10
"""More threads make boto3 slower: it spends a millisecond of CPU on each call."""

AT_ONCE: Final = Patience(throttled=0, unanswered=0, young=())
"""The outbox's answers do not change with time."""


class OneByOne:
    """One kind of call, made about many recipients. `problems` holds one sentence for each endpoint that refused or is down."""

    def __init__(self, transport: Transport, patience: Patience, threads: int, method: Method, body: bytes) -> None:
        self.problems: dict[str, str] = {}
        self._transport = transport
        self._patience = patience
        self._threads = threads
        self._method = method
        self._body = body
        self._unanswered: Counter[str] = Counter()

    @classmethod
    def of_settings(cls, method: Method, body: bytes = b"", *, patience: Patience | None = None) -> "OneByOne":
        """Through the transport that the settings name."""
        if conf().TRANSPORT == "memory":
            return cls(MemoryTransport(), AT_ONCE, 1, method, body)
        return cls(Boto3Transport(), patience or SENDING, BOTO3_THREADS, method, body)

    def make(self, recipients: Sequence[Recipient]) -> Iterator[tuple[Recipient, Outcome]]:
        """The outcome of each recipient, in their order. The same connection must not occur twice."""
        if self._threads == 1 or len(recipients) == 1:
            yield from ((recipient, self._call(recipient)) for recipient in recipients)
            return
        with ThreadPoolExecutor(self._threads) as pool:
            yield from zip(recipients, pool.map(self._call, recipients), strict=True)

    def _call(self, recipient: Recipient) -> Outcome:
        retries = 0
        while recipient.callback_url not in self.problems:
            answer = self._transport.call(self._method, recipient, self._body)
            age = time() - recipient.created_on
            decided = verdict(answer, retries=retries, age=age, chance=random.random(), patience=self._patience)  # noqa: S311
            self._watch(recipient.callback_url, answer, refused=decided.stop)
            if decided.outcome is not None:
                return decided.outcome
            retries += 1
            sleep(decided.delay)
        return Outcome.FAILED

    def _watch(self, callback_url: str, answer: Answer, *, refused: bool) -> None:
        metrics.count_answer(answer.status)
        self._unanswered[callback_url] = 0 if answer.status else self._unanswered[callback_url] + 1
        if refused:
            self._stop(callback_url, f"{callback_url} refuses us: {answer.text}")
        elif self._unanswered[callback_url] >= HOPELESS:
            self._stop(callback_url, f"{callback_url} cannot be reached: {answer.text}")

    def _stop(self, callback_url: str, problem: str) -> None:
        if self.problems.setdefault(callback_url, problem) is problem:
            logger.error("%s Its other recipients are reported failed.", problem)
