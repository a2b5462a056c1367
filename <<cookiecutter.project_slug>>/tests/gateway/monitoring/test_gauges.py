"""What is counted in the database: connections by gateway and channel, and those that cannot be."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from gateway import metrics, monitoring
from gateway.models import ApiGateway, Metric, WebSocketSession
from gateway.views.metrics import FROM_THE_START, exposition

NOW = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)


@pytest.fixture
def gateway(db: None) -> ApiGateway:
    return ApiGateway.objects.create(api_name="main", target_base_endpoint="https://www.example.com/ws/")


def connect(gateway: ApiGateway, channel: str, times: int = 1, *, created_on: datetime = NOW) -> None:
    WebSocketSession.objects.bulk_create(
        WebSocketSession(
            connection_id=f"{channel}-{number}", channel_name=channel, api_gateway=gateway, created_on=created_on
        )
        for number in range(times)
    )


def in_channel(channel: str) -> str:
    return metrics.series(monitoring.CHANNEL_SESSIONS, gateway="main", channel=channel)


def test_connections_are_counted_by_gateway_and_channel(gateway: ApiGateway) -> None:
    """The gateway's are the sum of its channels'."""
    connect(gateway, "lobby", 3)
    connect(gateway, "news", 2)

    values = monitoring.gauges(NOW)

    assert values['websocket_sessions{gateway="main"}'] == 5
    assert (values[in_channel("lobby")], values[in_channel("news")]) == (3, 2)


def test_channels_of_what_is_too_old_are_not_counted(gateway: ApiGateway) -> None:
    """No connection outlives two hours."""
    connect(gateway, "lobby", 2, created_on=NOW - timedelta(hours=3))

    assert in_channel("lobby") not in monitoring.gauges(NOW)


def test_only_the_busiest_channels_are_counted(gateway: ApiGateway) -> None:
    """There may be as many channels as connections, and each would be a series."""
    for number in range(20):
        connect(gateway, f"channel-{number}", number + 1)

    counted = [text for text in monitoring.gauges(NOW) if text.startswith(monitoring.CHANNEL_SESSIONS)]

    assert counted == [in_channel(f"channel-{number}") for number in range(19, 19 - monitoring.BUSIEST_CHANNELS, -1)]


def test_channels_are_sampled_by_the_minute(gateway: ApiGateway) -> None:
    """So that the page can show them over time."""
    now = timezone.now()
    connect(gateway, "lobby", 3, created_on=now)

    monitoring.flush(now)

    assert Metric.objects.get(minute=monitoring.minute_of(now), series=in_channel("lobby")).value == 3


@pytest.mark.parametrize("text", FROM_THE_START)
def test_what_an_alarm_waits_for_is_there_before_it_happens(db: None, text: str) -> None:
    """Prometheus sees no increase in a series that begins with a 1."""
    assert f"{text} 0" in exposition().splitlines()
