"""A Django project as `startproject` makes it, with the published package installed as its documentation says."""

import os
from urllib.parse import urlsplit

DEBUG = False
SECRET_KEY = "benchmark-benchmark-benchmark-benchmark-benchmark"
ALLOWED_HOSTS = ["ws.example.com", "www.example.com"]
ROOT_URLCONF = "peer_urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_aws_api_gateway_websockets",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
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

_database = urlsplit(os.environ["DATABASE_URL"])
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _database.path.lstrip("/"),
        "USER": _database.username,
        "HOST": _database.hostname,
        "PORT": _database.port,
        "CONN_MAX_AGE": 600,
    }
}
WEBSOCKETS = {
    "gateway_secret": os.environ["BENCH_SECRET"],
    "rate_limit_max_attempts": int(os.environ["BENCH_LIMIT"]),
    "rate_limit_window_minutes": 1,
    "token_rate_limit_per_minute": int(os.environ["BENCH_TOKEN_LIMIT"]),
    "token_expiry_seconds": int(os.environ["BENCH_TOKEN_LIFETIME"]),
}
AWS_REGION_NAME = "us-east-1"
AWS_ACCESS_KEY_ID = AWS_SECRET_ACCESS_KEY = "local"
