"""Which call leaves next: many mailings, a few endpoints, a bounded number of calls under way, one rate.

Everything here runs on the event loop, so nothing needs a lock. A slot makes calls one after another; what has to be repeated waits
outside the slots, and mailings take turns, so that one message to one person does not queue behind a million others.
"""

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Iterable

import aiohttp

from gateway import metrics
from gateway.messaging.endpoint import Endpoint
from gateway.messaging.lanes import Lanes
from gateway.messaging.mailing import Mailing
from gateway.messaging.pace import Pace
from gateway.messaging.verdict import HOPELESS, verdict
from gateway.transports import Answer, Outcome, Recipient

logger = logging.getLogger(__name__)


class Line:
    """The calls of one mailing to one endpoint: those that may leave now, and those that rest before they are repeated."""

    def __init__(self, mailing: Mailing, dock: "Dock") -> None:
        self.mailing = mailing
        self.dock = dock
        self.ready: deque[Post] = deque()
        self.resting: dict[Post, asyncio.TimerHandle] = {}
        self.unanswered = 0
        self.stopped = False


class Post:
    """One call about one connection, until its outcome is final."""

    __slots__ = ("line", "recipient", "retries")

    def __init__(self, line: Line, recipient: Recipient) -> None:
        self.line = line
        self.recipient = recipient
        self.retries = 0


class Dock:
    """An endpoint with the lines that wait for it, in turn, and the number of its calls under way."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.turns: deque[Line] = deque()
        self.busy = 0

    def next_post(self) -> Post:
        """The first call of the line whose turn it is; the line goes to the end."""
        line = self.turns.popleft()
        post = line.ready.popleft()
        if line.ready:
            self.turns.append(line)
        return post


class Engine:
    """The calls of one process. `connections` is how many may be under way at each endpoint."""

    def __init__(self, session: aiohttp.ClientSession, pace: Pace, *, connections: int, timeout: float) -> None:
        self.pace = pace
        self._session = session
        self._connections = connections
        self._timeout = timeout
        self._loop = asyncio.get_running_loop()
        self._docks: dict[str, Dock] = {}
        self._rotation: deque[Dock] = deque()
        self._lines: dict[tuple[Mailing, str], Line] = {}
        self._lanes: Lanes[Post] = Lanes()
        self._slots: set[asyncio.Task[None]] = set()
        self._alarm: asyncio.TimerHandle | None = None
        self._ending = False

    def accept(self, mailing: Mailing, recipients: Iterable[Recipient]) -> None:
        """Takes recipients on. Calls about the same connection are made in the order in which they were accepted."""
        for recipient in recipients:
            post = Post(self._line(mailing, recipient.callback_url), recipient)
            if self._lanes.enter(recipient.connection_id, post):
                self._queue(post)
        self._pump()

    async def take(self, mailing: Mailing, recipients: Iterable[Recipient]) -> None:
        """`accept`, for a thread that wants to know that it has happened."""
        self.accept(mailing, recipients)

    async def settled(self) -> None:
        """Waits until every call that was accepted in the background is final."""
        while any(line.mailing.then is not None for line in self._lines.values()):
            await asyncio.sleep(0.02)

    async def close(self) -> None:
        """Ends everything: what is still open is failed, so that nobody waits for it, and every connection is dropped."""
        self._ending = True
        for line in list(self._lines.values()):
            self._stop(line, "The process ended before everybody was sent to.")
        await asyncio.sleep(0)  # a slot that has not begun could not clean up
        for slot in self._slots:
            slot.cancel()
        await asyncio.gather(*self._slots, return_exceptions=True)
        for dock in self._docks.values():
            dock.endpoint.close()

    def forget(self, mailing: Mailing) -> None:
        """The mailing is over, or nobody waits for it any more: what has not left is not sent."""
        for key in [key for key in self._lines if key[0] is mailing]:
            self._abandon(self._lines.pop(key))

    def _line(self, mailing: Mailing, callback_url: str) -> Line:
        line = self._lines.get((mailing, callback_url))
        if line is None:
            line = self._lines[mailing, callback_url] = Line(mailing, self._dock(callback_url))
        return line

    def _dock(self, callback_url: str) -> Dock:
        dock = self._docks.get(callback_url)
        if dock is None:
            dock = self._docks[callback_url] = Dock(Endpoint(callback_url, self._session, self._timeout))
            self._rotation.append(dock)
        return dock

    def _queue(self, post: Post) -> None:
        line = post.line
        if line.stopped or self._ending:
            self._finish(post, Outcome.FAILED)
            return
        if not line.ready:
            line.dock.turns.append(line)
        line.ready.append(post)

    def _requeue(self, post: Post) -> None:
        del post.line.resting[post]
        self._queue(post)
        self._pump()

    def _pump(self) -> None:
        """Fills free slots with calls that may leave now; endpoints take turns at the rate they share."""
        idle = 0
        while idle < len(self._rotation):
            dock = self._rotation[0]
            self._rotation.rotate(-1)
            if not dock.turns or dock.busy >= self._connections:
                idle += 1
                continue
            if not self._may_leave():
                return
            idle = 0
            dock.busy += 1
            slot = self._loop.create_task(self._slot(dock, dock.next_post()))
            self._slots.add(slot)
            slot.add_done_callback(self._slots.discard)

    def _may_leave(self) -> bool:
        wait = self.pace.take(self._loop.time())
        if wait <= 0:
            return True
        if self._alarm is None:
            self._alarm = self._loop.call_later(wait, self._wake)
        return False

    def _wake(self) -> None:
        self._alarm = None
        self._pump()

    async def _slot(self, dock: Dock, post: Post) -> None:
        try:
            await self._perform(dock, post)
            while dock.turns and self._may_leave():
                await self._perform(dock, dock.next_post())
        finally:
            dock.busy -= 1

    async def _perform(self, dock: Dock, post: Post) -> None:
        mailing = post.line.mailing
        left_on = self._loop.time()
        try:
            answer = await dock.endpoint.call(
                mailing.method, post.recipient.connection_id, mailing.body, mailing.body_digest
            )
            self.pace.answered(throttled=answer.status == 429, left_on=left_on, now=self._loop.time())
        except asyncio.CancelledError:
            self._finish(post, Outcome.FAILED)
            raise
        except Exception as error:
            logger.exception("A call to the management API ended unexpectedly.")
            answer = Answer(0, type(error).__name__)
        self._judge(post, answer)

    def _judge(self, post: Post, answer: Answer) -> None:
        mailing = post.line.mailing
        metrics.count_answer(answer.status)
        age = time.time() - post.recipient.created_on
        decided = verdict(answer, retries=post.retries, age=age, chance=random.random(), patience=mailing.patience)  # noqa: S311
        if decided.stop:
            self._stop(post.line, f"{post.recipient.callback_url} refuses us: {answer.text}")
        if decided.outcome is None and not post.line.stopped:
            post.retries += 1
            post.line.resting[post] = self._loop.call_later(decided.delay, self._requeue, post)
            return
        self._watch(post.line, answer, post.recipient.callback_url)
        self._finish(post, decided.outcome or Outcome.FAILED)

    def _watch(self, line: Line, answer: Answer, callback_url: str) -> None:
        line.unanswered = 0 if answer.status else line.unanswered + 1
        if line.unanswered >= HOPELESS:
            self._stop(line, f"{callback_url} cannot be reached: {answer.text}")

    def _stop(self, line: Line, problem: str) -> None:
        """Nobody else of this mailing is tried at this endpoint: ten thousand refusals would say no more than the first."""
        if not line.stopped:
            line.mailing.problems.append(problem)
            logger.error("%s Its other recipients are reported failed.", problem)
            self._abandon(line)

    def _abandon(self, line: Line) -> None:
        line.stopped = True
        waiting, line.ready = line.ready, deque()
        if waiting:
            line.dock.turns.remove(line)
        resting, line.resting = line.resting, {}
        for alarm in resting.values():
            alarm.cancel()
        for post in (*waiting, *resting):
            self._finish(post, Outcome.FAILED)

    def _finish(self, post: Post, outcome: Outcome) -> None:
        post.line.mailing.finish(post.recipient, outcome)
        following = self._lanes.leave(post.recipient.connection_id)
        if following is not None:
            self._queue(following)
            self._pump()
