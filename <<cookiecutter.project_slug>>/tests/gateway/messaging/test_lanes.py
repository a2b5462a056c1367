"""Per-connection order."""

from gateway.messaging.lanes import Lanes


def test_one_at_a_time_in_order() -> None:
    """The first may go; the others are returned one by one, in the order in which they came."""
    lanes: Lanes[int] = Lanes()

    assert lanes.enter("a", 1)
    assert not lanes.enter("a", 2)
    assert not lanes.enter("a", 3)
    assert [lanes.leave("a"), lanes.leave("a"), lanes.leave("a")] == [2, 3, None]


def test_connections_do_not_wait_for_each_other() -> None:
    """Each has its own lane."""
    lanes: Lanes[int] = Lanes()

    assert lanes.enter("a", 1)
    assert lanes.enter("b", 2)


def test_keeps_nothing_that_is_over() -> None:
    """Memory does not grow with the connections of a process's life."""
    lanes: Lanes[int] = Lanes()
    for n in range(1_000):
        lanes.enter(str(n), n)
        lanes.leave(str(n))

    assert len(lanes) == 0
