"""Processes of their own, with the engine in them, on the database of the test."""

import os
import subprocess
import sys
from pathlib import Path

from django.db import connection

PROJECT = Path(__file__).parents[3]
PRELUDE = """
import os, sys, threading
import django
django.setup()
from gateway.messaging.fan_out import fan_out
from gateway.messaging.closing import close_connections
from gateway.models import Broadcast, BroadcastShard, WebSocketSession
from gateway.transports import Recipient
url = sys.argv[1]
"""


def environment(**more: str) -> dict[str, str]:
    """What such a process is told."""
    settings = {"DJANGO_SETTINGS_MODULE": "tests.gateway.messaging.aiohttp_settings", "PYTHONPATH": str(PROJECT)}
    return os.environ | settings | more


def database() -> dict[str, str]:
    """The database of this test, as the environment names it. What the test has not committed is not there."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return {"DATABASE_URL": f"sqlite:///{name}"}
    return {"DATABASE_URL": os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{name}"}


def python(script: str, *arguments: str, **more: str) -> subprocess.Popen[str]:
    """Runs a script that begins with the prelude; keywords are added to its environment."""
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + script, *arguments],
        cwd=PROJECT,
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process: subprocess.Popen[str]) -> str:
    """What it printed, when it has ended well."""
    try:
        out, err = process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert process.returncode == 0, err
    return out
