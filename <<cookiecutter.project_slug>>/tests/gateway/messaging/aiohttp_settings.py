"""The settings of the tests, with the engine that really sends."""

from tests.settings import *  # noqa: F403
from tests.settings import WEBSOCKETS

WEBSOCKETS = WEBSOCKETS | {"TRANSPORT": "aiohttp"}
