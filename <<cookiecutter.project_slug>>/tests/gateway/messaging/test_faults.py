"""What goes wrong between us and the management API, each with a real server that misbehaves."""

import socket
from collections.abc import Callable

import pytest
from django.db import transaction

from gateway.messaging.delivery import Delivery
from gateway.messaging.encoding import InvalidMessageError
from gateway.models import WebSocketSession
from tests.gateway.messaging import behaviours
from tests.gateway.messaging.conftest import make_sessions
from tests.gateway.messaging.server import Behaviour, Call, ManagementServer, Reply

pytestmark = pytest.mark.django_db
FORBIDDEN: Reply = (403, "ForbiddenException", '{"message": "User is not authorized"}')
CHUNKED = b"HTTP/1.1 410 Gone\r\nTransfer-Encoding: chunked\r\n\r\n"


def broadcast() -> Delivery:
    return WebSocketSession.objects.all().send_message({"type": "hello"})


def counts(delivery: Delivery) -> tuple[int, int, int, int]:
    return delivery.sent, delivery.gone, delivery.throttled, delivery.failed


@pytest.mark.usefixtures("engine")
def test_endpoint_down() -> None:
    """Nobody listens: everybody is reported failed, with one sentence that says why."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        make_sessions(f"http://127.0.0.1:{unused.getsockname()[1]}/production", *[f"id{n}" for n in range(100)])
        delivery = broadcast()

    assert counts(delivery) == (0, 0, 0, 100)
    assert len(delivery.problems) == 1
    assert "cannot be reached" in delivery.problems[0]


@pytest.mark.usefixtures("engine")
def test_unknown_host() -> None:
    """A name that does not resolve is a failure like any other, and is said once."""
    make_sessions("http://management.invalid/production", *[f"id{n}" for n in range(100)])

    delivery = broadcast()

    assert counts(delivery) == (0, 0, 0, 100)
    assert len(delivery.problems) == 1


@pytest.mark.usefixtures("engine")
def test_gateway_without_an_address() -> None:
    """A gateway that was never provisioned: failed, with the remedy."""
    make_sessions("", *[f"id{n}" for n in range(100)])

    delivery = broadcast()

    assert counts(delivery) == (0, 0, 0, 100)
    assert len(delivery.problems) == 1
    assert "provision" in delivery.problems[0].lower()


STRANGE = [
    pytest.param(behaviours.half_close, "failed", id="half-closed"),
    pytest.param(behaviours.raw(b""), "failed", id="hangs up"),
    pytest.param(behaviours.raw(b"HTTP/1.1 20"), "failed", id="cut off in the status line"),
    pytest.param(behaviours.raw(b"HTTP/1.1 200 OK\r\nContent-"), "failed", id="cut off in the headers"),
    pytest.param(behaviours.raw(b"SSH-2.0-OpenSSH\r\n"), "failed", id="not HTTP"),
    pytest.param(behaviours.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), "sent", id="200, then cut off"),
    pytest.param(behaviours.raw(b"HTTP/1.1 410 Gone\r\nContent-Length: 99\r\n\r\n{"), "gone", id="410, then cut off"),
    pytest.param(behaviours.raw(CHUNKED, b'5\r\n{"a":\r\n2\r\n1}\r\n0\r\n\r\n'), "gone", id="chunked"),
    pytest.param(behaviours.raw(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), "failed", id="a wrong length"),
    pytest.param(behaviours.always((302, "", "")), "failed", id="redirect"),
    pytest.param(behaviours.always((413, "PayloadTooLargeException", "")), "failed", id="413"),
    pytest.param(
        behaviours.always((400, "BadRequestException", '{"message": "Invalid connectionId: x"}')), "gone", id="id"
    ),
    pytest.param(behaviours.always((400, "BadRequestException", '{"message": "No"}')), "failed", id="400"),
    pytest.param(behaviours.always((410, "", "Gone")), "gone", id="410 by status"),
    pytest.param(behaviours.always((400, "GoneException", "")), "gone", id="410 by class"),
]


@pytest.mark.parametrize(("behaviour", "outcome"), STRANGE)
@pytest.mark.usefixtures("aiohttp_engine")
def test_strange_answers(management: ManagementServer, behaviour: Behaviour, outcome: str) -> None:
    """Each recipient has exactly one outcome, and is reported sent only on a 200."""
    make_sessions(management.url, "abc=")
    management.behaviour = behaviour

    delivery = broadcast()

    assert delivery.total == 1
    assert getattr(delivery, outcome) == 1


BEGINS_WITH_200 = {"200, then cut off", "cut off in the headers", "a wrong length"}


@pytest.mark.parametrize("behaviour", [case.values[0] for case in STRANGE if case.id not in BEGINS_WITH_200])
def test_strange_answers_through_boto3(
    management: ManagementServer, websockets: Callable[..., None], behaviour: Behaviour
) -> None:
    """boto3 reads some of them otherwise, but takes nothing that does not begin with a 200 for one."""
    websockets(TRANSPORT="boto3", SEND_TIMEOUT=1.0)
    make_sessions(management.url, "abc=")
    management.behaviour = behaviour

    delivery = broadcast()

    assert (delivery.sent, delivery.total) == (0, 1)


def test_hanging_peer(management: ManagementServer, websockets: Callable[..., None]) -> None:
    """A peer that never answers costs one timeout, not one for each recipient."""
    websockets(TRANSPORT="aiohttp", SEND_TIMEOUT=0.3)
    make_sessions(management.url, *[f"id{n}" for n in range(2_000)])
    management.behaviour = behaviours.hang

    delivery = broadcast()

    assert counts(delivery) == (0, 0, 0, 2_000)
    assert len(management.calls) < 500
    assert len(delivery.problems) == 1


@pytest.mark.parametrize("transport", ["aiohttp", "boto3"])
def test_a_timeout_is_not_repeated(
    management: ManagementServer, websockets: Callable[..., None], transport: str
) -> None:
    """What timed out may have arrived: it is reported failed and not sent again."""
    websockets(TRANSPORT=transport, SEND_TIMEOUT=0.3)
    make_sessions(management.url, "abc=")
    management.behaviour = behaviours.hang

    broadcast()

    assert len(management.calls) == 1


@pytest.mark.usefixtures("engine")
def test_a_lost_connection_is_repeated(management: ManagementServer) -> None:
    """A peer that hangs up on idle connections does not cost a message."""
    make_sessions(management.url, "abc=")
    management.behaviour = behaviours.hangs_up_first(2)

    assert counts(broadcast()) == (1, 0, 0, 0)


@pytest.mark.usefixtures("engine")
def test_server_errors_are_repeated(management: ManagementServer) -> None:
    """A 500 that passes does not cost a message."""
    make_sessions(management.url, "abc=")
    management.behaviour = behaviours.answers(lambda _, count: (500, "", "") if count <= 2 else None)

    assert counts(broadcast()) == (1, 0, 0, 0)


@pytest.mark.usefixtures("engine")
def test_forbidden_is_said_once(management: ManagementServer, caplog: pytest.LogCaptureFixture) -> None:
    """A 403 is a configuration error: sending stops, and one sentence in the log and in the result says so."""
    make_sessions(management.url, *[f"id{n:05}" for n in range(10_000)])
    management.behaviour = behaviours.always(FORBIDDEN)

    delivery = broadcast()

    assert counts(delivery) == (0, 0, 0, 10_000)
    assert len(management.calls) < 500
    assert len(delivery.problems) == 1
    assert "User is not authorized" in delivery.problems[0]
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1


@pytest.mark.usefixtures("engine")
def test_forbidden_at_one_gateway_leaves_the_other_alone(management: ManagementServer) -> None:
    """A queryset may span gateways: each has its own address and its own fate."""
    make_sessions(management.url, "good")
    make_sessions(management.url + "2", "bad")

    async def one_stage(call: Call, _: object) -> Reply:
        return FORBIDDEN if call.path.startswith("/production2/") else (200, "", "")

    management.behaviour = one_stage
    delivery = broadcast()

    assert counts(delivery) == (1, 0, 0, 1)
    assert {call.path for call in management.calls} == {
        "/production/@connections/good",
        "/production2/@connections/bad",
    }


@pytest.mark.usefixtures("engine")
def test_one_gateway_down_leaves_the_other_alone(management: ManagementServer) -> None:
    """The one that is down is given up after a few, though the answers of the other come between."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        down = f"http://127.0.0.1:{unused.getsockname()[1]}/production"
        for n in range(200):
            make_sessions(down, f"down{n}")
            make_sessions(management.url, f"up{n}")
        delivery = broadcast()

    assert counts(delivery) == (200, 0, 0, 200)
    assert len(delivery.problems) == 1
    assert "cannot be reached" in delivery.problems[0]


@pytest.mark.parametrize(
    "address", ["https://ws.example.com:port/production", "https://[/production", "ws.example.com"]
)
@pytest.mark.usefixtures("engine")
def test_an_address_that_is_none(management: ManagementServer, address: str) -> None:
    """Somebody may have typed it: its gateway fails, and the others are sent to."""
    make_sessions(address, "bad")
    make_sessions(management.url, "good")

    delivery = broadcast()

    assert (delivery.sent, delivery.not_sent, len(delivery.problems)) == (1, {"failed": ["bad"]}, 1)


@pytest.mark.usefixtures("engine")
def test_what_cannot_be_sent_reaches_nobody(management: ManagementServer) -> None:
    """Too large, or not JSON: an error before the first call."""
    make_sessions(management.url, "abc=")

    for data in ({"m": "x" * 131_072}, {"m": object()}):
        with pytest.raises(InvalidMessageError):
            WebSocketSession.objects.all().send_message(data)

    assert management.connections == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("engine")
def test_a_rollback_reaches_nobody(management: ManagementServer) -> None:
    """What did not happen is not announced."""
    make_sessions(management.url, "abc=")

    with transaction.atomic():
        delivery = broadcast()
        transaction.set_rollback(True)

    assert (delivery.pending, delivery.total, management.connections) == (True, 0, 0)


@pytest.mark.usefixtures("engine")
def test_throttling_costs_nobody(management: ManagementServer) -> None:
    """Every recipient that is throttled is tried again, until it is sent to."""
    make_sessions(management.url, *[f"id{n}" for n in range(40)])
    management.behaviour = behaviours.throttled_first(1)

    assert counts(broadcast()) == (40, 0, 0, 0)


@pytest.mark.usefixtures("aiohttp_engine")
def test_throttled_for_good(management: ManagementServer) -> None:
    """A reader that is too slow for all retries is reported throttled, and is still connected."""
    make_sessions(management.url, "slow", "quick")
    management.behaviour = behaviours.answers(
        lambda call, _: (429, "LimitExceededException", "") if call.connection_id == "slow" else None
    )

    delivery = broadcast()

    assert counts(delivery) == (1, 0, 1, 0)
    assert delivery.not_sent == {"throttled": ["slow"]}
    assert WebSocketSession.objects.filter(connected=True).count() == 2


def test_waiting_for_a_retry_holds_no_slot(management: ManagementServer, websockets: Callable[..., None]) -> None:
    """With a single slot, a throttled recipient does not keep the others waiting."""
    websockets(TRANSPORT="aiohttp", SEND_CONNECTIONS=1)
    make_sessions(management.url, "slow", *[f"id{n}" for n in range(20)])
    management.behaviour = behaviours.answers(
        lambda call, count: (429, "LimitExceededException", "") if call.connection_id == "slow" and count <= 3 else None
    )

    assert broadcast().sent == 21

    order = [call.connection_id for call in management.calls]
    assert order[0] == order[-1] == "slow"
    assert management.most_under_way == 1
