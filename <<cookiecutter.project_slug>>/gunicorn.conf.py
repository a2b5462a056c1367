"""gunicorn's settings: `gunicorn config.wsgi` reads this file by itself; the command line and GUNICORN_CMD_ARGS win over it."""

import multiprocessing
import os
import runpy
from pathlib import Path

bind = os.environ.get("GUNICORN_BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_CONCURRENCY", multiprocessing.cpu_count() * 2 + 1))
worker_class = "gthread"
threads = int(os.environ.get("GUNICORN_THREADS", "8"))
# API Gateway gives an integration 29 seconds; a worker that is silent for longer is stuck.
timeout = 35
graceful_timeout = 30
# Longer than a load balancer keeps an idle connection (60 s), so that it is never the server who hangs up first.
keepalive = 75
# A handshake's address has up to 4,096 characters, and its query comes here in one line: gunicorn's own limit is 4,094.
limit_request_line = 8_190
# Workers are renewed now and then, not all at once. No socket ends with them: API Gateway holds the sockets.
max_requests = 50_000
max_requests_jitter = 5_000

# Two sites on one machine would fight over its default address, and nothing here is operated through it.
control_socket_disable = True

accesslog = "-"
# The path and never the query string, which carries a one-time token; no Referer, which repeats it. Of an event, the formatter
# below adds the ids of connection and request as fields.
access_log_format = '%(h)s "%(m)s %(U)s %(H)s" %(s)s %(B)s bytes %(M)s ms'
# Like Django's lines: one JSON object each. From the file: a package that the master has imported, no reload would renew.
_logs = runpy.run_path(str(Path(__file__).parent / "config" / "logs.py"))
_to = {
    stream: {"class": "logging.StreamHandler", "formatter": "json", "stream": f"ext://sys.{stream}"}
    for stream in ("stdout", "stderr")
}
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": _logs["JsonFormatter"]}},
    "handlers": _to,
    "root": {"level": "INFO", "handlers": []},
    "loggers": {
        "gunicorn.error": {"level": "INFO", "handlers": ["stderr"], "propagate": False},
        "gunicorn.access": {"level": "INFO", "handlers": ["stdout"], "propagate": False},
    },
}
