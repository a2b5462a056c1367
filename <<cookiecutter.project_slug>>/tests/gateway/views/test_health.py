"""For load balancers."""

from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test import Client


def test_healthz_asks_nobody() -> None:
    """It answers without the database, which this test does not even have."""
    assert Client().get("/healthz").json() == {"status": "ok"}


@pytest.mark.django_db
def test_readyz() -> None:
    """The database answers."""
    assert Client().get("/readyz").status_code == 200


@pytest.mark.django_db
def test_readyz_without_a_database() -> None:
    """503, and nothing about why: that is for the log."""

    def down(*_: Any) -> None:
        raise DatabaseError("password authentication failed")

    with connection.execute_wrapper(down):
        response = Client().get("/readyz")

    assert response.status_code == 503
    assert b"password" not in response.content


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/ws/connect", "/ws/default"])
@pytest.mark.parametrize("method", ["get", "post", "put", "head"])
def test_no_redirect(path: str, method: str, settings: Any) -> None:
    """With every redirect of Django's turned on, none leaves these addresses: API Gateway follows none."""
    settings.SECURE_SSL_REDIRECT = True
    settings.APPEND_SLASH = True
    settings.DEBUG = False

    response = getattr(Client(), method)(path)

    assert not 300 <= response.status_code < 400
    assert "Location" not in response
