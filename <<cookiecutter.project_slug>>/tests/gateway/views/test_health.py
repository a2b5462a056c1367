"""For load balancers."""

from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from gateway.models import ApiGateway
from gateway.views import health


def test_healthz_asks_nobody() -> None:
    """It answers without the database, which this test does not even have."""
    assert Client().get("/healthz").json() == {"status": "ok"}


@pytest.fixture
def deployed(db: None) -> ApiGateway:
    return ApiGateway.objects.create(
        api_name="main",
        target_base_endpoint="https://x/ws/",
        api_id="a1",
        aws_ids={"stage": {"production": "production"}},
    )


def test_readyz(deployed: ApiGateway) -> None:
    """Everything is there."""
    response = Client().get("/readyz")

    assert (response.status_code, response.json()) == (200, {"status": "ok", "missing": []})


def test_a_gateway_of_terraform_is_deployed(deployed: ApiGateway) -> None:
    """Its ids below the API are in Terraform's state, not here."""
    ApiGateway.objects.update(aws_ids={})

    assert Client().get("/readyz").status_code == 200


@pytest.mark.parametrize(
    ("change", "missing"), [({"api_id": ""}, "deployment"), ({"aws_ids": {"route": {"$connect": "r1"}}}, "deployment")]
)
def test_not_deployed_yet(deployed: ApiGateway, change: dict[str, Any], missing: str) -> None:
    """A registered gateway is not enough, nor is half of one."""
    ApiGateway.objects.update(**change)

    assert Client().get("/readyz").json() == {"status": "not ready", "missing": [missing]}


def test_no_gateway_is_registered(db: None) -> None:
    """`manage.py register_gateway` has not run."""
    response = Client().get("/readyz")

    assert (response.status_code, response.json()["missing"]) == (503, ["gateway"])


def test_no_secret(deployed: ApiGateway, settings: Any) -> None:
    """Every event would be refused."""
    settings.WEBSOCKETS = settings.WEBSOCKETS | {"SECRETS": []}

    assert Client().get("/readyz").json()["missing"] == ["secret"]


@pytest.mark.django_db(transaction=True)
def test_a_missing_migration() -> None:
    """The code is newer than the database."""
    health.APPLIED.clear()
    recorder = MigrationRecorder(connection)
    recorder.record_unapplied("gateway", "0001_initial")
    try:
        assert Client().get("/readyz").json()["missing"] == ["migrations"]
    finally:
        recorder.record_applied("gateway", "0001_initial")


def test_readyz_without_a_database(deployed: ApiGateway) -> None:
    """503, and nothing about why: that is for the log."""

    def down(*_: Any) -> None:
        raise DatabaseError("password authentication failed")

    with connection.execute_wrapper(down):
        response = Client().get("/readyz")

    assert (response.status_code, response.json()["missing"]) == (503, ["database"])
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
