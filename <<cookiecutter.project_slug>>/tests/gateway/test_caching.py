"""The cache of gateways and channel permissions."""

from typing import Any

import pytest

from gateway.caching import MAX_ENTRIES, TimedCache
from gateway.guards import directory
from gateway.models import ApiGateway


class Source:
    """A table that counts how often it is read, and a clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.reads: list[str] = []
        self.cache = TimedCache(self.load, clock=lambda: self.now)

    def load(self, key: str) -> str:
        self.reads.append(key)
        return key.upper()


@pytest.fixture
def source(settings: Any) -> Source:
    settings.WEBSOCKETS = settings.WEBSOCKETS | {"CACHE_SECONDS": 30}
    return Source()


def test_reads_once_while_the_time_lasts(source: Source) -> None:
    """Until `CACHE_SECONDS` have passed."""
    assert [source.cache.get("a"), source.cache.get("a")] == ["A", "A"]
    source.now = 29.9
    source.cache.get("a")
    assert source.reads == ["a"]

    source.now = 30.0
    source.cache.get("a")
    assert source.reads == ["a", "a"]


def test_can_be_turned_off(source: Source, settings: Any) -> None:
    """0: every event reads."""
    settings.WEBSOCKETS = settings.WEBSOCKETS | {"CACHE_SECONDS": 0}

    source.cache.get("a")
    source.cache.get("a")

    assert source.reads == ["a", "a"]


def test_what_was_read_before_it_was_cleared_is_not_kept(source: Source) -> None:
    """A change that comes between reading and keeping is not lost."""

    def load(key: str) -> str:
        source.cache.clear()
        return source.load(key)

    cache = source.cache = TimedCache(load, clock=lambda: source.now)
    cache.get("a")
    cache.get("a")

    assert source.reads == ["a", "a"]


def test_stays_small(source: Source) -> None:
    """However many keys are asked for."""
    for number in range(MAX_ENTRIES + 10):
        source.cache.get(str(number))

    assert len(source.cache._entries) <= MAX_ENTRIES


@pytest.mark.django_db
def test_a_change_is_seen_at_once_in_its_own_process(settings: Any) -> None:
    """Saving or deleting a gateway clears the cache."""
    settings.WEBSOCKETS = settings.WEBSOCKETS | {"CACHE_SECONDS": 30}
    gateway = ApiGateway.objects.create(api_name="a", api_id="api1")
    assert directory.gateways.get("api1") == gateway

    gateway.delete()

    assert directory.gateways.get("api1") is None
