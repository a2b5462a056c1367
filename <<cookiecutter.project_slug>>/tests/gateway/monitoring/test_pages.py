"""The figures as people and as Prometheus fetch them."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from gateway import metrics, monitoring
from gateway.models import ApiGateway


@pytest.fixture
def figures(db: None) -> None:
    """A gateway and a minute of traffic."""
    metrics.registry.drain()
    ApiGateway.objects.create(api_name="main", target_base_endpoint="https://www.example.com/ws/")
    metrics.count("websocket_connects_total", 3, code="accepted")
    metrics.count("websocket_connects_total", code="origin_not_allowed")
    metrics.count("websocket_disconnects_total", code=1001)
    metrics.observe("websocket_message_seconds", 0.02, handler="<b>default</b>")
    monitoring.flush()


@pytest.fixture
def staff(admin_client: Client) -> Client:
    return admin_client


@pytest.fixture
def visitor() -> Client:
    """A browser of nobody in particular."""
    return Client()


def test_the_page_shows_charts_and_tables(figures: None, staff: Client) -> None:
    """Refusals by code, close codes and times, without a script."""
    page = staff.get(reverse("admin:gateway_metric_changelist")).content.decode()

    assert "origin_not_allowed" in page
    assert "polyline" in page
    assert "25 ms" in page
    assert "<b>default</b>" not in page


def test_the_page_costs_a_constant_number_of_statements(
    figures: None, staff: Client, django_assert_max_num_queries: object
) -> None:
    """More gateways and more series do not mean more statements."""
    for number in range(20):
        ApiGateway.objects.create(api_name=f"g{number}", target_base_endpoint="https://www.example.com/ws/")
    with django_assert_max_num_queries(16):  # type: ignore[operator]
        staff.get(reverse("admin:gateway_metric_changelist"))


def test_the_page_asks_for_the_permission(figures: None, visitor: Client) -> None:
    """Staff without the permission to view figures is turned away."""
    user = get_user_model().objects.create_user("s", password="x", is_staff=True)
    visitor.force_login(user)

    assert visitor.get(reverse("admin:gateway_metric_changelist")).status_code == 403


def test_prometheus_needs_its_token(figures: None, visitor: Client, settings: object) -> None:
    """Without it there is nothing there; with it, the figures."""
    settings.WEBSOCKETS = settings.WEBSOCKETS | {"METRICS_TOKEN": "let-me-read"}  # type: ignore[attr-defined]

    assert visitor.get(reverse("metrics")).status_code == 404
    assert visitor.get(reverse("metrics"), headers={"Authorization": "Bearer wrong"}).status_code == 404
    answer = visitor.get(reverse("metrics"), headers={"Authorization": "Bearer let-me-read"})
    assert 'websocket_connects_total{code="accepted"} 3' in answer.content.decode()


def test_an_empty_token_opens_nothing(figures: None, visitor: Client) -> None:
    """A missing setting does not match a missing header."""
    assert visitor.get(reverse("metrics")).status_code == 404
    assert visitor.get(reverse("metrics"), headers={"Authorization": "Bearer "}).status_code == 404
