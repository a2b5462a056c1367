"""Settings: one file, driven by the environment.

`.env` (made by `make install`, never committed) fills in what the environment does not say. `make` and `manage.py dev` let
`.env` win instead, so that another project's variables in a shell cannot reach this one.
"""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from config import dev_addresses
from gateway.regions import execute_api_host

BASE_DIR = Path(__file__).resolve().parent.parent

GIVEN = frozenset(os.environ)
NO = frozenset({"false", "off", "no", "n", "0"})
env = environ.Env()  # lists have commas between their items; `cast=str.strip` allows a blank behind each
try:
    environ.Env.read_env(str(BASE_DIR / ".env"), overwrite=env.bool("DOTENV_WINS", default=False))
except UnicodeDecodeError as error:
    raise ImproperlyConfigured(".env is no text in UTF-8. Mend it, or delete it and run `make install`.") from error


def yes_or_no(name: str, *, default: bool) -> bool:
    """A variable that is true or false. Raises ImproperlyConfigured for anything else: a slip must not make a laptop a server."""
    text = env.str(name, default="").strip().lower()
    if text in {"", *NO, *env.BOOLEAN_TRUE_STRINGS}:
        return default if not text else text not in NO
    raise ImproperlyConfigured(f"{name} is {text!r}. Give true or false.")


# --- Core ---------------------------------------------------------------------------------------------------------

DEBUG = yes_or_no("DJANGO_DEBUG", default=False)
SECRET_KEY = env("DJANGO_SECRET_KEY")

# While `manage.py dev` runs, commands in other terminals work on its API Gateway and with its addresses.
DEV_ADDRESSES = BASE_DIR / ".emulator" / "dev.json"
if DEBUG and DEV_ADDRESSES.exists():
    os.environ.update({name: value for name, value in dev_addresses.read(DEV_ADDRESSES).items() if name not in GIVEN})

# The gateway as it was asked for when the project was made; `manage.py register_gateway` turns it into records.
GATEWAY_FILE = Path(env("WEBSOCKET_GATEWAY_FILE", default=str(BASE_DIR / "config" / "gateway.json")))
ASKED_FOR: dict[str, Any] = json.loads(GATEWAY_FILE.read_text(encoding="utf-8"))

SITE_NAME = ASKED_FOR["site_name"]
BASE_URL = env("DJANGO_BASE_URL", default="").rstrip("/") or f"https://{ASKED_FOR['site_domain_name']}"
_default_hosts = [urlsplit(BASE_URL).hostname or "localhost", *(["localhost", "127.0.0.1"] if DEBUG else [])]
ALLOWED_HOSTS = env.list("DJANGO_ALLOWED_HOSTS", cast=str.strip, default=_default_hosts)
CSRF_TRUSTED_ORIGINS = env.list("DJANGO_CSRF_TRUSTED_ORIGINS", cast=str.strip, default=[])

INSTALLED_APPS = [
    "accounts",  # before the admin, whose pages get the site's icon from a template of this app
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "gateway",
    "realtime",
]

MIDDLEWARE = [
    "config.middleware.HealthForAnyHost",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

if not DEBUG:
    MIDDLEWARE.insert(2, "whitenoise.middleware.WhiteNoiseMiddleware")

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Database: SQLite on a laptop, PostgreSQL in production -------------------------------------------------------

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A relative path means the same file from whichever folder a command is started.
    if DATABASES["default"]["NAME"] != ":memory:":
        DATABASES["default"]["NAME"] = str(BASE_DIR / DATABASES["default"]["NAME"])
    # WAL lets readers go on while somebody writes; immediate transactions wait for the lock instead of failing half way.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    # A new connection for every event costs PostgreSQL more than the event itself.
    DATABASES["default"].setdefault("CONN_MAX_AGE", env.int("DATABASE_CONN_MAX_AGE", default=600))
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # The statements of an event are prepared when a connection sees them for the second time. 0 turns that off, for a pooler
    # that hands connections from one transaction to the next.
    DATABASES["default"].setdefault("OPTIONS", {})["prepare_threshold"] = env.int("DATABASE_PREPARE", default=2) or None
    # API Gateway gives an event 29 seconds: a database that cannot be reached has to show long before. libpq waits two minutes.
    DATABASES["default"]["OPTIONS"].setdefault("connect_timeout", 5)

# --- People -------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
# Sessions stay in the database: only there does the end of a login show, and only then can its sockets be closed.
SESSION_ENGINE = "django.contrib.sessions.backends.db"

# --- WebSockets on API Gateway ------------------------------------------------------------------------------------

AWS_REGION = env("AWS_REGION", default="")

_default_origins = [f"{urlsplit(BASE_URL).scheme}://{urlsplit(BASE_URL).netloc}", *CSRF_TRUSTED_ORIGINS]
if DEBUG:
    _default_origins += ["http://localhost:*", "http://127.0.0.1:*"]

CELERY_BROKER_URL = env("CELERY_BROKER_URL", default="")

WEBSOCKETS: dict[str, Any] = {
    "BASE_URL": BASE_URL,
    "GATEWAY_FILE": GATEWAY_FILE,
    "STAGE": env("WEBSOCKET_STAGE", default=""),
    "REGION": AWS_REGION,
    "APIGATEWAYV2_ENDPOINT": env("AWS_ENDPOINT_URL_APIGATEWAYV2", default=""),
    "MANAGEMENT_ENDPOINT": env("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", default=""),
    "SHARD_DISPATCHER": "gateway.tasks.dispatch" if CELERY_BROKER_URL else "",
    "SECRETS": env.list("WEBSOCKET_SECRETS", cast=str.strip, default=[]),
    "ALLOWED_ORIGINS": env.list("WEBSOCKET_ALLOWED_ORIGINS", cast=str.strip, default=_default_origins),
    "METRICS_TOKEN": env("WEBSOCKET_METRICS_TOKEN", default=""),
}

# --- Files and language -------------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
if not DEBUG:
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "config.storage.StaticFilesStorage"},
    }
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# --- Security: what only makes sense behind TLS is off while debugging --------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
SECURE_HSTS_SECONDS = 0 if DEBUG else env.int("DJANGO_HSTS_SECONDS", default=31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEBUG
SECURE_SSL_REDIRECT = not DEBUG and yes_or_no("DJANGO_SSL_REDIRECT", default=True)
# API Gateway follows no redirect, and a load balancer's health check speaks plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^ws/", r"^healthz$", r"^readyz$"]
BEHIND_PROXY = yes_or_no("DJANGO_BEHIND_PROXY", default=True)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None

# A page may load its own files only, and open sockets to the gateway only.
SOCKETS = [f"wss://{ASKED_FOR['domain_name']}"]
if AWS_REGION:
    SOCKETS.append(f"wss://{execute_api_host('*', AWS_REGION)}")
if WEBSOCKETS["APIGATEWAYV2_ENDPOINT"]:
    SOCKETS.append(WEBSOCKETS["APIGATEWAYV2_ENDPOINT"].replace("http", "ws", 1))
CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": ["/ws/"],
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "connect-src": ["'self'", *env.list("DJANGO_CSP_CONNECT_SRC", cast=str.strip, default=SOCKETS)],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    },
}

# --- Logs: lines for people while debugging, JSON for machines otherwise; never a query string ------------------------

LOG_FORMAT = env("DJANGO_LOG_FORMAT", default="plain" if DEBUG else "json")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"no_query": {"()": "config.logs.WithoutQueryString"}},
    "formatters": {"plain": {"()": "config.logs.PlainFormatter"}, "json": {"()": "config.logs.JsonFormatter"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["no_query"],
        },
    },
    "root": {"handlers": ["console"], "level": env("DJANGO_LOG_LEVEL", default="INFO")},
    "loggers": {
        # Django gives its own logger a handler on a console, which would say each line twice, and past our filter.
        "django": {"handlers": [], "level": "INFO"},
        "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "botocore": {"level": "WARNING"},
        # For machines, every few seconds. People have the page "Realtime".
        "gateway.figures": {"level": "NOTSET" if LOG_FORMAT == "json" else "WARNING"},
        "django.request": {"handlers": ["console"], "level": "ERROR", "propagate": False},
    },
}
