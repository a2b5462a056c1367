"""The settings of the tests, with the engine that really sends and whatever a test tells its processes."""

import json
import os

from tests.settings import *  # noqa: F403
from tests.settings import WEBSOCKETS

WEBSOCKETS = WEBSOCKETS | {"TRANSPORT": "aiohttp"} | json.loads(os.environ.get("TEST_WEBSOCKETS", "{}"))
if "TEST_TRANSPORT_OPTIONS" in os.environ:
    CELERY_BROKER_TRANSPORT_OPTIONS = json.loads(os.environ["TEST_TRANSPORT_OPTIONS"])
