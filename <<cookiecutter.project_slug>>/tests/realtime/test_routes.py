"""What each route of this project does. Change a test together with its handler."""

import json

from django.conf import settings

from realtime.views import RealtimeView


def test_every_route_of_the_gateway_has_a_handler():
    """A route that API Gateway selects and no method answers would go to `default` without a word."""
    asked_for = json.loads((settings.BASE_DIR / "config" / "gateway.json").read_text(encoding="utf-8"))["routes"]

    assert {route["route_key"] for route in asked_for} <= set(RealtimeView.handlers)


def test_default_publishes_a_message_without_an_action(alice, bob):
    """A message that names no route reaches everyone in its sender's channel."""
    alice.send({"message": "hello"})

    assert [frame["message"] for frame in bob.received] == ["hello"]


def test_default_answers_its_sender_that_all_is_well(alice):
    """Whoever sends an `id` gets an answer to it."""
    assert alice.send({"message": "hello", "id": 1}) == {"type": "ok", "reply_to": 1}
<% for route in cookiecutter.routes.replace(',', ' ').split() %>


<% if route == "fetch_history" %>
def test_fetch_history_answers_its_sender_alone(alice, bob):
    """The latest messages of the channel go to whoever asks, and to nobody else."""
    alice.send({"message": "hello"})
    bob.received.clear()

    reply = bob.send({"action": "fetch_history", "id": 1})

    assert (reply["type"], reply["reply_to"]) == ("history", 1)
    assert [frame["message"] for frame in reply["messages"]] == ["hello"]
    assert [frame["type"] for frame in alice.received] == ["chat_message"]
<% else %>
def test_<< route >>_reaches_the_channel(alice, bob):
    """A message of this route reaches the channel, its sender included."""
    message = {"action": "<< route >>", "message": "hello"}

    reply = alice.send(message | {"id": 1})

    assert reply == {"type": "ok", "reply_to": 1}
    assert [frame["message"] for frame in alice.received] == ["hello"]
    assert [(frame["user"], frame["message"]) for frame in bob.received] == [("alice", "hello")]
<% endif %>
<% endfor %>
