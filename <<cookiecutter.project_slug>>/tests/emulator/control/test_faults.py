"""Failures on demand, as a client meets them."""

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from emulator.control import ControlFault, FaultKind

API = {"Name": "chat", "ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.action"}


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        (FaultKind.THROTTLE, "TooManyRequestsException", 429),
        (FaultKind.CONFLICT, "ConflictException", 409),
        (FaultKind.DENY, "AccessDeniedException", 403),
        (FaultKind.BREAK, "InternalServerErrorException", 500),
    ],
)
def test_kinds(client, server, kind, code, status):
    """Each kind of fault has AWS's code and status, and the call does nothing."""
    server.faults.add(ControlFault(kind=kind))

    with pytest.raises(ClientError) as caught:
        client.create_api(**API)

    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert server.store.state.apis == {}


def test_conflict_says_what_aws_says(refusal, server):
    """The message about a concurrent modification is the one that callers look for."""
    server.faults.add(ControlFault(kind=FaultKind.CONFLICT))

    assert "concurrent modification" in refusal("ConflictException", "create_api", **API)


def test_dropped_call(client, server):
    """A dropped call ends without an answer."""
    server.faults.add(ControlFault(kind=FaultKind.DROP))

    with pytest.raises(ConnectionClosedError):
        client.create_api(**API)

    assert server.store.state.apis == {}


@pytest.mark.parametrize("kind", [FaultKind.THROTTLE, FaultKind.DROP])
def test_a_call_can_take_effect_and_fail(client, server, kind):
    """With `after`, the API exists although its caller was told otherwise."""
    server.faults.add(ControlFault(kind=kind, after=True))

    with pytest.raises((ClientError, ConnectionClosedError)):
        client.create_api(**API)

    assert len(server.store.state.apis) == 1


def outcomes(client, calls: int) -> str:
    """One letter a call: o for good, x for failed."""
    letters = ""
    for _ in range(calls):
        try:
            client.get_apis()
            letters += "o"
        except ClientError:
            letters += "x"
    return letters


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"times": 2}, "xxooooo"),
        ({"every": 3}, "ooxooxo"),
        ({"every": 2, "times": 1}, "oxooooo"),
        ({"on_call": 4}, "oooxooo"),
        ({"from_call": 5}, "ooooxxx"),
        ({"operations": {"CreateApi"}}, "ooooooo"),
        ({"operations": {"GetApis"}}, "xxxxxxx"),
    ],
)
def test_which_calls_fail(client, server, options, expected):
    """The next n calls, every k-th, number n, from number n on, or those of some operations."""
    server.faults.add(ControlFault(kind=FaultKind.THROTTLE, **options))

    assert outcomes(client, 7) == expected


def test_clear_ends_faults_and_counts_anew(client, server):
    """After `clear` calls work, and are counted from 1 again."""
    server.faults.add(ControlFault(kind=FaultKind.THROTTLE))
    before = outcomes(client, 2)

    server.faults.clear()
    server.faults.add(ControlFault(kind=FaultKind.THROTTLE, on_call=2))

    assert (before, outcomes(client, 3), server.faults.calls) == ("xx", "oxo", 3)


def test_standard_retries_get_over_a_throttle(server):
    """botocore's standard retries outlast two throttled answers."""
    server.faults.add(ControlFault(kind=FaultKind.THROTTLE, times=2))

    server.client(attempts=3).create_api(**API)

    assert len(server.store.state.apis) == 1
