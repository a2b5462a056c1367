"""Settings for the tests of `gateway/` and `emulator/`: the project's own, with a gateway and URLs that no answer changes."""

import os
import tempfile
from pathlib import Path

# Tests are the same on every machine: neither `.env` nor a running `manage.py dev` has a say, but for the database.
os.environ |= {
    "DOTENV_WINS": "false",
    "DJANGO_SECRET_KEY": "tests-only-tests-only-tests-only-tests-only-tests",
    "DJANGO_DEBUG": "true",
    "DJANGO_BASE_URL": "https://www.example.com",
    "WEBSOCKET_GATEWAY_FILE": str(Path(__file__).with_name("gateway.json")),
    "WEBSOCKET_SECRETS": "tests-only-secret-tests-only-secret-1234",
    "WEBSOCKET_ALLOWED_ORIGINS": "https://www.example.com",
    "WEBSOCKET_STAGE": "",
    "AWS_ENDPOINT_URL_APIGATEWAYV2": "",
    "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": "",
}
# `make conformance TARGET=aws` alone has the caller's region and keys.
if os.environ.get("CONFORMANCE_TARGET") != "aws":
    os.environ |= {"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
# A site or a worker that a test starts is told of another one.
os.environ.setdefault("DJANGO_ALLOWED_HOSTS", "www.example.com")
os.environ.setdefault("CELERY_BROKER_URL", "")

from config.settings import *
from config.settings import DATABASES, WEBSOCKETS

ROOT_URLCONF = "tests.urls"
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, as in development: threads wait for each other, which they do not over a database in memory.
    _folder = tempfile.TemporaryDirectory(prefix="tests-", ignore_cleanup_errors=True)
    DATABASES["default"]["TEST"] = {"NAME": str(Path(_folder.name) / "tests.sqlite3")}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WEBSOCKETS = WEBSOCKETS | {
    "BASE_URL": "https://www.example.com",
    "ALLOWED_ORIGINS": ["https://www.example.com"],
    "CACHE_SECONDS": 0,
    "TRANSPORT": "memory",
    "METRICS_FLUSH_SECONDS": 0,
}
