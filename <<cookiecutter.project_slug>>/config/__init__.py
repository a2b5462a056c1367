"""The project's configuration. Where Celery is installed, its app is loaded with it, so that tasks know their broker."""

from importlib.util import find_spec

if find_spec("config.celery") and find_spec("celery"):
    from config.celery import app as celery_app  # noqa: F401
