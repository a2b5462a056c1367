"""gunicorn's settings: `gunicorn config.wsgi` reads this file by itself; the command line and GUNICORN_CMD_ARGS win over it."""

import multiprocessing
import os

bind = os.environ.get("GUNICORN_BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_CONCURRENCY", multiprocessing.cpu_count() * 2 + 1))
worker_class = "gthread"
threads = int(os.environ.get("GUNICORN_THREADS", "8"))
# API Gateway gives an integration 29 seconds; a worker that is silent for longer is stuck.
timeout = 35
graceful_timeout = 30
# Longer than a load balancer keeps an idle connection (60 s), so that it is never the server who hangs up first.
keepalive = 75
# Workers are renewed now and then, not all at once. No socket ends with them: API Gateway holds the sockets.
max_requests = 50_000
max_requests_jitter = 5_000

# Two sites on one machine would fight over its default address, and nothing here is operated through it.
control_socket_disable = True

errorlog = "-"
accesslog = "-"
# The path and never the query string, which carries a socket's one-time token; no Referer, which repeats it.
access_log_format = '%(h)s "%(m)s %(U)s %(H)s" %(s)s %(B)s bytes %(M)s ms'
