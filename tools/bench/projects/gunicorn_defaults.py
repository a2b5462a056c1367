"""gunicorn's own defaults, so that no project's `gunicorn.conf.py` changes a comparison. The options are on the command line."""

loglevel = "warning"
