"""One loop for each process: forks, threads, ends, proxies."""

import asyncio
import json
import threading

import pytest

from gateway import aws
from gateway.messaging import loop
from gateway.messaging.delivery import Delivery
from gateway.messaging.fan_out import fan_out
from gateway.transports import Recipient
from tests.gateway.messaging import behaviours
from tests.gateway.messaging.children import finished, python
from tests.gateway.messaging.server import ManagementServer, Reply


def test_survives_a_fork(management: ManagementServer) -> None:
    """Parent and child each send before and after the fork, over connections of their own."""
    script = """
say = lambda name: print(name, fan_out("POST", b"{}", [Recipient(name, url)]).sent, flush=True)
say("before")
child = os.fork()
if not child:
    say("child")
    os._exit(0)
os.waitpid(child, 0)
say("parent")
"""
    out = finished(python(script, management.url))

    assert out.split() == ["before", "1", "child", "1", "parent", "1"]
    assert management.connections == 2


def test_a_forked_child_that_never_sends_leaves_the_parent_alone(management: ManagementServer) -> None:
    """Even when it collects its garbage and ends properly."""
    script = """
import gc
fan_out("POST", b"{}", [Recipient("before", url)])
if not (child := os.fork()):
    gc.collect()
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
print(fan_out("POST", b"{}", [Recipient("after", url)]).sent)
"""
    assert finished(python(script, management.url)) == "1\n"
    assert management.connections == 1


@pytest.mark.parametrize("transport", ["aiohttp", "boto3"])
def test_closes_what_it_promised_before_it_ends(management: ManagementServer, transport: str) -> None:
    """A script that asks for the end of connections and ends itself has closed them."""
    script = """
close_connections([Recipient(f"id{n}", url) for n in range(50)], "maintenance")
"""
    finished(python(script, management.url, TEST_WEBSOCKETS=json.dumps({"TRANSPORT": transport})))

    assert [call.method for call in management.calls].count("DELETE") == 50


def test_a_thread_may_send_to_the_end(management: ManagementServer) -> None:
    """A process whose main thread is through waits for the sends of its other threads."""
    script = """
def send():
    print(fan_out("POST", b"{}", (Recipient(f"id{n}", url) for n in range(2_000))).sent)

threading.Thread(target=send).start()
"""
    slowly(management)

    assert finished(python(script, management.url)) == "2000\n"


def test_a_daemon_is_not_waited_for(management: ManagementServer, aiohttp_engine: None) -> None:
    """When the loop ends, whoever still waits for outcomes gets them: nobody waits for ever."""
    accounts: list[Delivery] = []

    def send() -> None:
        accounts.append(fan_out("POST", b"{}", [Recipient(f"id{n}", management.url) for n in range(500)]))

    management.behaviour = behaviours.hang
    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    management.wait_for(lambda calls: len(calls) > 10)
    loop.close()
    thread.join(10)

    assert (accounts[0].failed, accounts[0].total) == (500, 500)
    assert "The process ended" in accounts[0].problems[0]


def slowly(management: ManagementServer) -> None:
    """Answers after a moment, so that a send lasts."""

    async def answer(*_: object) -> Reply:
        await asyncio.sleep(0.05)
        return 200, "", ""

    management.behaviour = answer


def test_a_closed_loop_is_started_again(management: ManagementServer, aiohttp_engine: None) -> None:
    """Closing is not the end: the next send starts a loop of its own."""
    recipients = [Recipient("abc=", management.url)]

    assert fan_out("POST", b"{}", recipients).sent == 1
    loop.close()
    assert fan_out("POST", b"{}", recipients).sent == 1

    assert management.connections == 2


def test_connections_are_kept(management: ManagementServer, aiohttp_engine: None) -> None:
    """A second send uses the connections of the first."""
    for _ in range(5):
        fan_out("POST", b"{}", [Recipient("abc=", management.url)])

    assert management.connections == 1


@pytest.fixture
def proxied(management: ManagementServer, monkeypatch: pytest.MonkeyPatch) -> ManagementServer:
    """The environment names this server as the proxy for everything."""
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{management.port}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    aws.forget()
    return management


@pytest.mark.usefixtures("engine")
def test_through_a_proxy(proxied: ManagementServer) -> None:
    """`HTTP_PROXY` is obeyed: the proxy is asked for the whole address."""
    assert fan_out("POST", b"{}", [Recipient("abc=", "http://management.invalid/production")]).sent == 1

    assert proxied.calls[0].path == "http://management.invalid/production/@connections/abc%3D"


@pytest.mark.usefixtures("engine")
def test_signs_for_the_region_of_the_address(proxied: ManagementServer) -> None:
    """A gateway of another region than the project's is signed for where it is; a custom domain, for the project's."""
    for host in ("abc.execute-api.us-west-2.amazonaws.com", "ws.example.com"):
        fan_out("POST", b"{}", [Recipient("abc=", f"http://{host}/production")])

    scopes = [call.headers["authorization"].split("/")[2] for call in proxied.calls]
    assert scopes == ["us-west-2", "eu-central-1"]
