"""Every figure, from real events that several processes answer to the three places where figures are read."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from gateway import metrics, monitoring
from gateway.models import ApiGateway, Metric, WebSocketSession
from gateway.testing.client import a_gateway
from tests.gateway.live.gateway import Browser, Connection
from tests.gateway.live.site import Site, at_once, running_site
from tests.gateway.messaging import behaviours
from tests.gateway.messaging.server import GONE, THROTTLED, ManagementServer, running

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS = 3
MESSAGES = 40
PATIENCE = 60.0
READ_TOKEN = "let-me-read"
SETTINGS = {"TRANSPORT": "aiohttp", "METRICS_FLUSH_SECONDS": 0.3, "METRICS_TOKEN": READ_TOKEN}
ANSWERS = {"gone=": GONE, "full=": THROTTLED, "odd=": (400, "BadRequestException", "")}

COUNTED = {
    'websocket_connects_total{code="accepted"}': 1,
    'websocket_connects_total{code="origin_not_allowed"}': 1,
    'websocket_strangers_total{code="secret_wrong",kind="MESSAGE"}': 1,
    'websocket_tokens_total{code="issued"}': 1,
    'websocket_tokens_total{code="login_required"}': 1,
    'websocket_messages_total{code="handled",handler="default"}': MESSAGES,
    'websocket_messages_total{code="handled",handler="chat_message"}': 1,
    'websocket_messages_total{code="handler_unknown",handler=""}': 1,
    'websocket_disconnects_total{code="1001"}': 1,
    'websocket_posts_total{outcome="sent"}': 1,
    'websocket_posts_total{outcome="gone"}': 1,
    'websocket_posts_total{outcome="throttled"}': 1,
    'websocket_posts_total{outcome="failed"}': 1,
    'websocket_management_errors_total{status="410"}': 1,
    'websocket_management_errors_total{status="429"}': 9,  # eight repetitions
    'websocket_management_errors_total{status="400"}': 1,
    'websocket_message_seconds_count{handler="default"}': MESSAGES,
    'websocket_message_seconds_count{handler="chat_message"}': 1,
    'websocket_message_seconds_count{handler=""}': 1,
}
SAMPLED = {
    'websocket_sessions{gateway="in this process"}': 2,
    'websocket_channel_sessions{channel="lobby",gateway="in this process"}': 2,
    "websocket_stale_sessions": 1,
}


@pytest.fixture
def management() -> Iterator[ManagementServer]:
    """A management API that answers by connection."""
    with running(behaviours.answers(lambda call, _: ANSWERS.get(call.connection_id))) as server:
        yield server


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "site.log"


@pytest.fixture
def site(transactional_db: None, management: ManagementServer, log: Path) -> Iterator[Site]:
    """Several processes, with their figures on, behind a gateway with connections of every sort."""
    gateway = a_gateway()
    ApiGateway.objects.update(callback_url=management.url, default_channel_name="lobby")
    for connection_id, age in (*((one, timedelta(minutes=1)) for one in ANSWERS), ("old=", timedelta(hours=3))):
        WebSocketSession.objects.create(
            connection_id=connection_id,
            channel_name="lobby",
            api_gateway=gateway,
            created_on=timezone.now() - age,
        )
    told = {
        "DJANGO_SETTINGS_MODULE": "tests.gateway.messaging.aiohttp_settings",
        "DJANGO_LOG_FORMAT": "json",
        "TEST_WEBSOCKETS": json.dumps(SETTINGS),
    }
    with running_site(workers=WORKERS, threads=2, log=log, **told) as site:
        yield site


@pytest.fixture
def ann(transactional_db: None) -> Any:
    return get_user_model().objects.create_superuser("ann")


def everything(site: Site, ann: Any) -> None:
    """One event of every sort, and many messages at once."""
    page, connection = Browser(site, ann), Connection(site, "open=")
    assert Browser(site).token().status == 401
    token = page.token().data["token"]
    assert connection.connect(token, origin="https://www.example.org").status == 403
    assert connection.connect(token).status == 200
    echoes = at_once([partial(connection.send, {"number": number}) for number in range(MESSAGES)])
    assert {echo.data["type"] for echo in echoes} == {"echo"}
    assert connection.send({"action": "chat_message", "message": "hi", "id": 1}).data["type"] == "ok"
    assert connection.send({"handler": "made_up"}).data["code"] == "handler_unknown"
    assert connection.send({"a": 1}, secret="wrong").status == 403
    assert connection.disconnect().status == 200


def scraped(site: Site) -> dict[str, float]:
    """What Prometheus reads."""
    text = site.get(reverse("metrics"), {"Authorization": f"Bearer {READ_TOKEN}"}).body.decode()
    samples = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in samples}


def lines_of_figures(log: Path) -> list[dict[str, Any]]:
    """The log's lines about figures."""
    whole = log.read_text().rpartition("\n")[0]
    lines = (json.loads(line) for line in whole.splitlines() if line.startswith("{"))
    return [line for line in lines if line["logger"] == "gateway.figures"]


def logged(log: Path) -> dict[str, float]:
    """What the lines add up to."""
    told: Counter[str] = Counter()
    for line in lines_of_figures(log):
        told.update(line["figures"])
    return dict(told)


def when_written(read: Callable[[], dict[str, float]], expected: Mapping[str, float]) -> dict[str, float]:
    """What is read, as soon as every process has written what is expected, or after a patience."""
    end = time.monotonic() + PATIENCE
    while True:
        found = read()
        if expected.items() <= found.items() or time.monotonic() > end:
            return found
        time.sleep(0.1)


def test_every_figure_reaches_all_who_read_it(site: Site, ann: Any, log: Path) -> None:
    """Prometheus, the page "Realtime" and the log tell the same, whichever process counted."""
    everything(site, ann)
    found = when_written(partial(scraped, site), COUNTED | SAMPLED)

    documented = {*metrics.COUNTERS, *metrics.HISTOGRAMS, *monitoring.GAUGES}
    shown = {name: value for name, value in found.items() if value or "{" not in name}
    assert {name: found.get(name) for name in COUNTED | SAMPLED} == COUNTED | SAMPLED
    assert {name for name in documented if not any(text.startswith(name) for text in shown)} == set()
    assert found['websocket_message_seconds_bucket{handler="default",le="+Inf"}'] == MESSAGES
    assert found['websocket_message_seconds_sum{handler="default"}'] > 0

    told = when_written(partial(logged, log), COUNTED)
    assert {name: told.get(name) for name in COUNTED} == COUNTED
    assert len({line["process_id"] for line in lines_of_figures(log)}) > 1

    # The running minute is not drawn yet.
    Metric.objects.filter(minute__gt=Metric.TOTAL).update(minute=F("minute") - 5)
    page = Browser(site, ann).get(reverse("admin:gateway_metric_changelist")).body.decode()
    assert page.count("<figure>") == page.count('role="img"') == 7
    for empty in ("Nothing in this span.", "No message in this span.", "None in this span.", "Nobody is connected."):
        assert empty not in page
    labels = ("accepted", "origin_not_allowed", "secret_wrong", "issued", "login_required", "handler_unknown", "lobby")
    assert [label for label in (*labels, "sent", "gone", "throttled", "failed") if label not in page] == []
    for cells in ("<td>default</td><td>40</td>", "<td>1001</td>", "<td>429</td><td>throttled</td><td>9</td>"):
        assert cells in page
