"""One connection is followed through the lines of a running site, as `docs/operations.md` has it."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from gateway.testing.client import a_gateway
from tests.gateway.live.gateway import Browser, Connection
from tests.gateway.live.site import running_site

pytestmark = pytest.mark.django_db(transaction=True)

REQUEST_ID = "RYG0LEicPHcFo_A="
"""What `make_headers` sends."""


def found(log: Path, connection_id: str) -> list[dict[str, Any]]:
    """`grep '"connection_id": "..."'`."""
    return [json.loads(line) for line in log.read_text().splitlines() if f'"connection_id": "{connection_id}"' in line]


def test_one_connection_is_found_by_its_id(tmp_path: Path) -> None:
    """Its beginning, its messages, what was refused and its end; nothing of the others, nor the page's own requests."""
    a_gateway()
    ann = get_user_model().objects.create_user("ann")
    log = tmp_path / "site.log"
    with running_site(workers=2, threads=1, log=log, DJANGO_LOG_FORMAT="json") as site:
        for connection_id in ("JC1dgf9yoAMCK-g=", "other="):
            connection = Connection(site, connection_id)
            connection.connect(Browser(site, ann).token().data["token"])
            connection.send({"a": 1})
            connection.send({"handler": "made_up"})
            connection.send({"a": 1}, secret="wrong")
            connection.disconnect()

    lines = found(log, "JC1dgf9yoAMCK-g=")

    access = [line["message"].split('"')[1] for line in lines if line["logger"] == "gunicorn.access"]
    paths = ["/ws/connect", *["/ws/default"] * 3, "/ws/disconnect"]
    assert sorted(access) == [f"POST {path} HTTP/1.1" for path in paths]
    refused = [line["refusal_code"] for line in lines if line["logger"] == "gateway.refusals"]
    assert sorted(refused) == ["handler_unknown", "secret_wrong"]
    assert {line["request_id"] for line in lines} == {REQUEST_ID}
