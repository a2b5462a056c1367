"""A web page from elsewhere can neither look into the emulator nor drive it."""

import pytest

from emulator.authorization import is_local_name
from emulator.inspector.guard import why_not_act, why_not_read
from gateway.testing.emulator import RunningEmulator
from tests.emulator.inspector.conftest import SECRET, Browser

READABLE = ["", "/", "/page/main.js", "/live", "/metrics", "/access-log"]
ACTIONS = ["/faults", "/disconnect", "/clock", "/restart"]
FAULT = {"name": "refuse-connects", "on": True, "value": 429}


@pytest.mark.parametrize("path", READABLE)
def test_foreign_name(browser: Browser, path: str) -> None:
    """DNS rebinding: a foreign name that resolves to this machine is refused."""
    answer = browser.get(f"/_emulator{path}", Host=f"evil.example:{browser.port}")

    assert answer.status == 403


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8001", "app.localhost:8001", "127.0.0.1:8001", "127.8.8.8", "[::1]:8001"]
)
def test_own_names(host: str) -> None:
    """Every name of the loopback interface is this machine."""
    assert why_not_read({"Host": host}, "127.0.0.1") is None


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "localhost.evil.example", "192.168.1.5:8001", "0.0.0.0:8001", "[", "127.0.0.1.evil.example"],
)
def test_other_names(host: str) -> None:
    """Nothing else is, not even what looks like it."""
    assert why_not_read({"Host": host}, "127.0.0.1") is not None


def test_chosen_address() -> None:
    """Whoever has the emulator listen on an address may use that address."""
    assert why_not_read({"Host": "192.168.1.5:8001"}, "192.168.1.5") is None
    assert why_not_read({"Host": "0.0.0.0:8001"}, "0.0.0.0") is not None


@pytest.mark.parametrize("path", ["/live", "/metrics", "/access-log"])
@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_foreign_reader(browser: Browser, path: str, headers: dict[str, str]) -> None:
    """A page of another origin is refused, also one on this machine's other ports."""
    assert browser.get(f"/_emulator{path}", **headers).status == 403
    assert browser.get(f"/_emulator{path}", **{"Sec-Fetch-Site": "same-site"}).status == 403


def test_link_from_elsewhere(browser: Browser) -> None:
    """A link to the page may be followed from anywhere."""
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}

    assert browser.get("/_emulator/", **headers).status == 200


@pytest.mark.parametrize("path", ACTIONS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Host": "evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": ""},
    ],
)
def test_foreign_actor(browser: Browser, path: str, headers: dict[str, str]) -> None:
    """What a form, a link or a foreign script can send changes nothing."""
    assert browser.post(f"/_emulator{path}", FAULT, **headers).status == 403


def test_rebound_actor() -> None:
    """A rebound page's origin agrees with its host, and still it may not act."""
    headers = {"Host": "evil.example", "Origin": "http://evil.example", "Content-Type": "application/json"}

    assert why_not_act(headers, "127.0.0.1") is not None


def test_refused_action_does_nothing(browser: Browser, emulator: RunningEmulator) -> None:
    """The check comes before the deed."""
    browser.post("/_emulator/faults", FAULT, Origin="https://evil.example")

    assert emulator.faults.active() == {}


@pytest.mark.parametrize("path", ACTIONS)
def test_get_does_not_act(browser: Browser, path: str) -> None:
    """A link or an image cannot act."""
    assert browser.get(f"/_emulator{path}").status in {403, 405}


def test_health_is_for_everybody(browser: Browser) -> None:
    """A container's health check may come under any name."""
    assert browser.get("/_emulator/health", Host="emulator:8001").json == {"status": "ok"}


# Any key but `local` is taken at its word, so a script can sign as well as an SDK.
SIGNED = (
    "AWS4-HMAC-SHA256 Credential=page/20260101/us-east-1/apigateway/aws4_request, SignedHeaders=host, Signature="
    + "0" * 64
)


def test_an_sdk_reads_integrations(browser: Browser, api_id: str) -> None:
    """What the next tests forbid is possible at all."""
    answer = browser.get(f"/v2/apis/{api_id}/integrations", Authorization=SIGNED)

    assert SECRET.encode() in answer.body


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:8001"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:8000"},
        {"Origin": "null"},
    ],
)
def test_a_page_does_not_call_the_control_plane(browser: Browser, api_id: str, headers: dict[str, str]) -> None:
    """Neither a rebound name nor a page of another site reads the secret that integrations hold."""
    answer = browser.get(f"/v2/apis/{api_id}/integrations", Authorization=SIGNED, **headers)

    assert answer.status == 403
    assert SECRET.encode() not in answer.body


def test_a_page_posts_to_no_connection(browser: Browser, api_id: str) -> None:
    """A browser says with every POST which page made it; an SDK never does."""
    path = f"/_apis/{api_id}/production/@connections/abc="

    assert browser.post(path, {}, Authorization=SIGNED, Origin="").status == 410
    assert browser.post(path, {}, Authorization=SIGNED).status == 403


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8001", "localhost", "[::1]:8001", "192.168.1.5", "emulator:8001", "host.docker.internal"],
)
def test_names_of_this_network(host: str) -> None:
    """Containers call it by the name of its service."""
    assert is_local_name(host, "127.0.0.1")


def test_the_name_it_listens_on() -> None:
    """Whoever gives it a name may use that name."""
    assert is_local_name("dev.example.com:8001", "dev.example.com")
    assert not is_local_name("dev.example.com:8001", "127.0.0.1")


@pytest.mark.parametrize("host", ["", "[", "evil.example", "localhost.evil.example", "1.2.3.4.evil.example"])
def test_names_of_others(host: str) -> None:
    """They may have been made to resolve to this machine."""
    assert not is_local_name(host, "127.0.0.1")
