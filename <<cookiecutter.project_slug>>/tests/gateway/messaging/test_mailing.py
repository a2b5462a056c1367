"""How long a send waits for its outcomes."""

import threading

import pytest

from gateway.messaging.mailing import Mailing, SendStalledError
from gateway.messaging.verdict import CLOSING, SENDING
from gateway.transports import Outcome, Recipient

SOMEBODY = Recipient("abc=", "https://nowhere.example/production")


def fed(count: int) -> Mailing:
    mailing = Mailing("POST")
    mailing.fed = count
    return mailing


def test_stops_waiting_for_what_never_comes() -> None:
    """A send that nobody carries out ends with an error that says how far it came."""
    mailing = fed(3)
    mailing.finish(SOMEBODY, Outcome.SENT)

    with pytest.raises(SendStalledError, match="1 of 3 recipients"):
        mailing.wait_until_open(0, quiet=0.01)


def test_waits_as_long_as_something_moves() -> None:
    """The limit is for the time between two outcomes, not for all of them."""
    mailing = fed(20)
    waiting = threading.Event()

    def one_after_the_other() -> None:
        for _ in range(20):
            waiting.wait(0.02)
            mailing.finish(SOMEBODY, Outcome.SENT)

    thread = threading.Thread(target=one_after_the_other)
    thread.start()
    mailing.wait_until_open(0, quiet=0.2)
    thread.join()

    assert mailing.done == 20


def test_a_late_wake_up_does_not_end_the_next_wait() -> None:
    """The loop may be held up between the last outcome of one wait and its signal."""
    mailing = fed(2)
    mailing.finish(SOMEBODY, Outcome.SENT)
    mailing.wait_until_open(1, quiet=0.01)
    late = threading.Timer(0.05, mailing._reached.set)
    late.start()

    with pytest.raises(SendStalledError):
        mailing.wait_until_open(0, quiet=0.2)
    late.join()


def test_the_limit_is_longer_than_any_call() -> None:
    """A call of 13 s, with eight repetitions for a message and ten for a connection to be closed, and the pauses between them."""
    assert SENDING.longest(13.0) == pytest.approx(9 * 13 + 0.1 + 0.3 + 0.6 + 0.4 + 0.8 + 1.6 + 2 + 2)
    assert CLOSING.longest(13.0) == pytest.approx(11 * 13 + 0.5 + 1 + 2 + 4 + 8 + 16 + 4 * 30)
