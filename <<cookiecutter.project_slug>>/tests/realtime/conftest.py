"""Two people in one channel. The addresses are the project's own."""

import pytest
from django.contrib.auth import get_user_model

from gateway.testing import WebSocketClient


@pytest.fixture(autouse=True)
def _addresses_of_the_project(settings):
    settings.ROOT_URLCONF = "config.urls"


@pytest.fixture
def alice(db):
    client = WebSocketClient(get_user_model().objects.create_user("alice"))
    client.connect(channel="lobby")
    return client


@pytest.fixture
def bob(db):
    client = WebSocketClient(get_user_model().objects.create_user("bob"))
    client.connect(channel="lobby")
    return client
