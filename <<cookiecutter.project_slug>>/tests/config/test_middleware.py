"""Health checks by address."""

import pytest
from django.test import Client

BY_ADDRESS = {"host": "10.0.0.5:8000"}


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_load_balancer_that_asks_by_address_is_answered(path: str) -> None:
    """It does not know the site's name, and gets the answer that the name would get."""
    by_name = Client().get(path)

    by_address = Client(headers=BY_ADDRESS).get(path)

    assert by_address.status_code in {200, 503}
    assert (by_address.status_code, by_address.content) == (by_name.status_code, by_name.content)


def test_everything_else_still_wants_the_site_s_name() -> None:
    """`ALLOWED_HOSTS` is there for a reason."""
    assert Client(headers=BY_ADDRESS).post("/api/ws-token/").status_code == 400
