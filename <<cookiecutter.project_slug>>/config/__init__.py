"""The project's configuration. Where Celery is installed, its app is loaded with it, so that tasks know their broker."""

from importlib import import_module
from importlib.util import find_spec

if find_spec("config.celery") and find_spec("celery"):
    celery_app = import_module("config.celery").app  # by name: the module is not there in every project
