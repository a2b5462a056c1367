"""The generated project's own settings, as in production; limits and the gateway come from the benchmark."""

import os

os.environ.setdefault("DJANGO_SECRET_KEY", "benchmark-benchmark-benchmark-benchmark-benchmark")
os.environ.setdefault("DJANGO_BASE_URL", "https://www.example.com")
os.environ.setdefault("WEBSOCKET_SECRETS", os.environ["BENCH_SECRET"])
os.environ.setdefault("AWS_REGION", "us-east-1")

from config.settings import *  # noqa: F403
from config.settings import WEBSOCKETS

ROOT_URLCONF = "our_urls"
WEBSOCKETS = WEBSOCKETS | {
    "TOKEN_LIFETIME": int(os.environ["BENCH_TOKEN_LIFETIME"]),
    "TOKEN_LIMIT": int(os.environ["BENCH_TOKEN_LIMIT"]),
    "SHARD_SIZE": int(os.environ["BENCH_SHARD_SIZE"]),
    "SEND_RATE": float(os.environ["BENCH_SEND_RATE"]),
}
