#!/usr/bin/env python3
"""Django's command line for this project."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] == ["dev"] and os.environ.setdefault("DOTENV_WINS", "true") != "false":
        # Left behind by another project, its database would get this one's migrations. To use another one say so in `.env`.
        os.environ.pop("DATABASE_URL", None)
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ImportError as error:
        raise SystemExit(
            "Django is not installed here. Run `make install`, then .venv/bin/python manage.py ..."
        ) from error
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        if str(error) != "Set the DJANGO_SECRET_KEY environment variable":
            raise
        if os.path.exists(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".env")):
            remedy = "`.env` is without it: write one there, or delete the file and run `make install`."
        else:
            remedy = "On a laptop run `make install`, which makes `.env`."
        raise SystemExit(f"DJANGO_SECRET_KEY is not set. {remedy}") from error


if __name__ == "__main__":
    main()
