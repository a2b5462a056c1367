"""Access logs, metrics and notes (AWS facts 8)."""

import http.client
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from emulator.access_log import Outcome, render
from emulator.clock import ManualClock
from emulator.context import DISCONNECT, Caller, Ending, context_of
from emulator.journal import Journal, Recorder, printable, shorten
from gateway.testing.emulator import RunningEmulator
from tests.emulator.backend import Backend, Reply
from tests.emulator.conftest import Dial
from tests.emulator.stages import API_ID, STAGE, Stages, route, stage_of

CALLER = Caller(
    connection_id="JC1dgf9yoAMCK-g=",
    api_id=API_ID,
    stage_name=STAGE,
    domain_name="ws.example.com",
    source_ip="203.0.113.7",
    user_agent="Browser/1",
    connected_at=1_707_502_246.5,
)
CONTEXT = context_of(
    CALLER,
    event=DISCONNECT,
    route_key="$disconnect",
    request_id="RYG0LEicPHcFo_A=",
    now=1_707_502_300.0,
    ending=Ending(code=1001, reason="bye\nbye"),
)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("connectionId", "JC1dgf9yoAMCK-g="),
        ("connectedAt", "1707502246500"),
        ("domainName", "ws.example.com"),
        ("eventType", "DISCONNECT"),
        ("messageDirection", "IN"),
        ("messageId", "-"),
        ("routeKey", "$disconnect"),
        ("requestId", "RYG0LEicPHcFo_A="),
        ("extendedRequestId", "RYG0LEicPHcFo_A="),
        ("requestTime", "09/Feb/2024:18:11:40 +0000"),
        ("requestTimeEpoch", "1707502300000"),
        ("stage", STAGE),
        ("apiId", API_ID),
        ("identity.sourceIp", "203.0.113.7"),
        ("identity.userAgent", "Browser/1"),
        ("disconnectStatusCode", "1001"),
        ("disconnectReason", "bye bye"),
        ("status", "504"),
        ("integration.status", "-"),
        ("integrationLatency", "-"),
        ("error.message", "Endpoint request timed out"),
        ("integration.error", "no answer"),
        ("authorizer.principalId", "-"),
    ],
)
def test_variable(variable: str, value: str) -> None:
    """AWS facts 1.6 and 8: each variable has AWS's form; one that is not set is written `-`."""
    outcome = Outcome(status=504, error="Endpoint request timed out", integration_error="no answer")

    assert render(f"[$context.{variable}]", CONTEXT, outcome) == f"[{value}]"


def test_access_log_of_each_event(stages: Stages, dial: Dial, emulator: RunningEmulator, backend: Backend) -> None:
    """AWS facts 8: connect, message and disconnect write a line each."""
    line_format = '{"event":"$context.eventType","route":"$context.routeKey","status":"$context.integration.status"}'
    keys = ("$connect", "$disconnect", "$default")
    stages.add(stage_of(*(route(key, backend.url) for key in keys), access_log_format=line_format))
    backend.replies["default"] = Reply(status=418)
    socket = dial()
    socket.send("hello")
    backend.next_for("default")
    emulator.settle()
    socket.close()
    backend.next_for("disconnect")
    emulator.settle()

    lines = [json.loads(line) for line in get_json(emulator, "/_emulator/access-log")["lines"]]

    assert [(line["event"], line["route"], line["status"]) for line in lines] == [
        ("CONNECT", "$connect", "200"),
        ("MESSAGE", "$default", "418"),
        ("DISCONNECT", "$disconnect", "200"),
    ]


def get_json(emulator: RunningEmulator, path: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=5)
    connection.request("GET", path)
    return json.loads(connection.getresponse().read())


def test_metrics(stages: Stages, dial: Dial, emulator: RunningEmulator, backend: Backend) -> None:
    """AWS facts 8: the figures have CloudWatch's names and the dimensions ApiId and Stage."""
    backend.replies["echo"] = Reply(status=500, body=b"!")
    backend.by_body[b"hang"] = Reply(gate=threading.Event())
    stages.add(stage_of(*(route(key, backend.url, two_way=key == "echo") for key in ("$connect", "echo", "$default"))))
    socket = dial()
    socket.send('{"action": "echo"}')
    socket.recv(timeout=5)
    socket.send("hang")
    backend.next_for("default")
    emulator.advance(29, settle=0)
    socket.recv(timeout=5)

    (row,) = get_json(emulator, "/_emulator/metrics")["Metrics"]

    assert row["Dimensions"] == {"ApiId": API_ID, "Stage": STAGE}
    counts = {name: row[name] for name in ("ConnectCount", "MessageCount", "IntegrationError", "ExecutionError")}
    assert counts == {"ConnectCount": 1, "MessageCount": 4, "IntegrationError": 1, "ExecutionError": 1}
    assert row["IntegrationLatency"]["SampleCount"] == 2


def test_client_error(stages: Stages, dial: Dial, emulator: RunningEmulator) -> None:
    """AWS facts 8: a message that the gateway refuses itself is a ClientError."""
    stages.add(stage_of())
    socket = dial()
    socket.send("hello")
    socket.recv(timeout=5)

    (row,) = emulator.metrics()["Metrics"]

    assert row["ClientError"] == 1


def test_health(emulator: RunningEmulator) -> None:
    """Whoever starts the emulator can ask whether it is ready."""
    assert get_json(emulator, "/_emulator/health") == {"status": "ok"}


def test_notes_hold_no_secret(dial: Dial, emulator: RunningEmulator) -> None:
    """Neither the mapped secret nor the values of a query string are ever written down."""
    dial(f"/{STAGE}?ws_token=s3cr3t&channel=lobby", additional_headers={"Cookie": "sessionid=c00kie"})

    text = json.dumps(emulator.notes())

    assert "ws_token=***" in text
    assert not [secret for secret in ("hush", "s3cr3t", "c00kie", "lobby") if secret in text]


def test_logs_hold_no_secret(dial: Dial, emulator: RunningEmulator, caplog: pytest.LogCaptureFixture) -> None:
    """Log lines hold no query string and no header."""
    caplog.set_level("DEBUG", "emulator")
    socket = dial(f"/{STAGE}?ws_token=s3cr3t", additional_headers={"Cookie": "sessionid=c00kie"})
    emulator.faults.turn_on("refuse-connects")
    with pytest.raises(Exception, match="429"):
        dial(f"/{STAGE}?ws_token=s3cr3t")
    socket.close()

    assert "connected" in caplog.text
    assert "refused" in caplog.text
    assert not [secret for secret in ("hush", "s3cr3t", "c00kie") if secret in caplog.text]


def test_note_says_why(dial: Dial, emulator: RunningEmulator, backend: Backend) -> None:
    """A newcomer can read why a message went to `$default`."""
    dial().send('{"action": "unknown"}')
    backend.next_for("default")

    (note,) = [note for note in emulator.notes() if note["kind"] == "message"]

    assert (note["route_key"], note["why"]) == ("$default", "no route has the key 'unknown'")


def test_recorder(tmp_path: Path) -> None:
    """`--record` writes one JSON object a line, to a file that only its owner may read."""
    path = tmp_path / "record.jsonl"
    journal = Journal(ManualClock(start=5.0))
    recorder = Recorder(path)
    stop = journal.listen(recorder)
    journal.note("message", text="grüß dich\nzweite Zeile")
    stop()
    journal.note("message", text="unheard")
    recorder.close()

    (line,) = path.read_text(encoding="utf-8").splitlines()

    assert json.loads(line) == {"at": 5.0, "kind": "message", "text": "grüß dich\nzweite Zeile"}
    assert path.stat().st_mode & 0o777 == 0o600


def test_printable() -> None:
    """What a client sends cannot break a log line or clear a terminal."""
    assert printable("a\nb\x1b[2J\ud800") == "a\\nb\\x1b[2J\\ud800"


def test_shorten() -> None:
    """A note keeps the beginning of a long message."""
    assert shorten("x" * 5, 3) == "xxx... (5 characters)"
