"""The figures as people and as Prometheus fetch them."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gateway import metrics, monitoring
from gateway.admin import figures as page_of_figures
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


def test_the_page_speaks_to_people(figures: None, staff: Client) -> None:
    """Names and codes as they are searched for, what they mean, and nothing of how Prometheus writes them."""
    page = staff.get(reverse("admin:gateway_metric_changelist")).content.decode()

    assert "Open connections" in page
    assert "ten idle minutes, two hours, or the page was left" in page
    assert "websocket_" not in page
    assert "code=" not in page


def test_an_empty_page_says_so(staff: Client) -> None:
    """Before the first connection."""
    page = staff.get(reverse("admin:gateway_metric_changelist")).content.decode()

    assert "Nothing in this span." in page
    assert "Nobody is connected." in page


def test_the_running_minute_is_not_drawn_as_a_collapse(figures: None) -> None:
    """It is counted, but the line ends with the last minute that is over."""
    minute = monitoring.minute_of(timezone.now())

    charts = page_of_figures.charts({}, end=minute + 1, minutes=60)
    earlier = page_of_figures.charts({}, end=minute, minutes=60)

    accepted = {shown: picture.lines[0].latest for shown, picture in (("over", charts[2]), ("running", earlier[2]))}
    assert accepted == {"over": 3, "running": 0}


def test_a_line_begins_with_the_first_minute_that_is_shown(db: None) -> None:
    """The span is as long before the running minute as the axis says."""
    now = timezone.now()
    metrics.registry.drain()
    metrics.count("websocket_connects_total", code="accepted")
    monitoring.flush(now - timedelta(minutes=60))

    attempts = page_of_figures.charts({}, end=monitoring.minute_of(now), minutes=60)[2]

    assert attempts.lines[0].total == 1


def test_labels_are_read_as_they_were_written() -> None:
    """With their quotes, line breaks and backslashes."""
    labels = {"code": 'a"b\nc\\d', "handler": "chat_message"}

    text = metrics.series("x_total", **labels).removeprefix("x_total{").removesuffix("}")

    assert page_of_figures.labels_of(text) == labels


def test_handlers_are_counted_whether_they_could_answer_or_not(db: None) -> None:
    """Carried out, refused, and how long that took; what no handler was picked for comes last."""
    metrics.registry.drain()
    metrics.count("websocket_messages_total", 2, handler="vote", code="handled")
    metrics.count("websocket_messages_total", handler="vote", code="permission_denied")
    metrics.count("websocket_messages_total", handler="", code="body_not_json")
    metrics.observe("websocket_message_seconds", 2.0, handler="vote")
    monitoring.flush()

    found = page_of_figures.handlers(monitoring.history("websocket_messages_total", minutes=60), 60)

    assert found == [("vote", 2, 1, "2.5 s", "2.5 s"), ("none was picked", 0, 1, "", "")]


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


def test_staff_may_read(figures: None, visitor: Client) -> None:
    """In their browser, without a token."""
    visitor.force_login(get_user_model().objects.create_user("s", is_staff=True))

    assert visitor.get(reverse("metrics")).status_code == 200


def test_signed_in_is_not_enough(figures: None, visitor: Client) -> None:
    """Users of the site are strangers to its figures."""
    visitor.force_login(get_user_model().objects.create_user("u"))

    assert visitor.get(reverse("metrics")).status_code == 404


def test_staff_that_has_left_may_not_read(figures: None, visitor: Client) -> None:
    """Whose account is switched off is nobody."""
    user = get_user_model().objects.create_user("s", is_staff=True)
    visitor.force_login(user)
    user.is_active = False
    user.save()

    assert visitor.get(reverse("metrics")).status_code == 404


def test_an_empty_token_opens_nothing(figures: None, visitor: Client) -> None:
    """A missing setting does not match a missing header."""
    assert visitor.get(reverse("metrics")).status_code == 404
    assert visitor.get(reverse("metrics"), headers={"Authorization": "Bearer "}).status_code == 404
