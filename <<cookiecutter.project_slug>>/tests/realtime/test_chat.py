"""What the example chat stores, sends and hands out."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from gateway.exceptions import PayloadInvalid
from gateway.limits import MAX_FRAME_BYTES, MAX_MESSAGE_BYTES
from gateway.models import ChannelPermission
from gateway.testing import WebSocketClient
from realtime import chat
from realtime.models import ChatMessage


@pytest.fixture
def publish(alice, django_capture_on_commit_callbacks):
    """Publishes as alice, and waits until it is sent."""

    def act(body, client=alice):
        with django_capture_on_commit_callbacks(execute=True):
            chat.publish(client.session, body)

    return act


def texts(history):
    return [frame["message"] for frame in history["messages"]]


def test_a_message_is_stored_and_sent_as_browsers_read_it(alice, bob, publish):
    """Text, author, time and the id by which repeats are recognised."""
    publish({"message": "hello"})

    stored = ChatMessage.objects.get()
    assert bob.received == [
        {
            "type": "chat_message",
            "message": "hello",
            "user": "alice",
            "sent_on": stored.created_on.isoformat(),
            "message_id": f"chat-{stored.pk}",
        }
    ]


def test_a_message_stays_in_its_channel(alice, db, publish):
    """Somebody in another channel gets nothing."""
    ChannelPermission.objects.create(channel_name="garden")
    carol = WebSocketClient(get_user_model().objects.create_user("carol"))
    carol.connect(channel="garden")

    publish({"message": "hello"})

    assert carol.received == []


@pytest.mark.parametrize("text", [None, "", "  \n", 7, ["hello"], {"a": 1}, True])
def test_what_is_no_text_is_refused(alice, publish, text):
    """Nothing is stored and nobody is told."""
    with pytest.raises(PayloadInvalid) as refused:
        publish({"message": text})

    assert list(refused.value.errors) == ["message"]
    assert not ChatMessage.objects.exists()
    assert alice.received == []


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"])
def test_what_no_database_can_store_is_refused(publish, text):
    """JSON can spell NUL characters and halves of surrogate pairs."""
    with pytest.raises(PayloadInvalid):
        publish({"message": text})


@pytest.mark.parametrize("letter", ["x", "é", "😀"])
def test_whatever_fits_a_browsers_frame_can_be_sent_on(bob, publish, letter):
    """Escaping makes a text longer on its way, never too long."""
    text = letter * (MAX_FRAME_BYTES // len(letter.encode()) - 20)

    publish({"message": text})

    assert [frame["message"] for frame in bob.received] == [text]


def test_a_text_too_long_for_one_message_is_refused(publish):
    """The management API would answer 413 for every receiver."""
    with pytest.raises(PayloadInvalid):
        publish({"message": "x" * MAX_MESSAGE_BYTES})


def test_the_same_message_again_is_stored_once(bob, publish):
    """A client that missed the reply sends again under the same id; what others get again has the message_id they know."""
    publish({"message": "hello", "id": "a-1"})
    publish({"message": "hello", "id": "a-1"})

    assert ChatMessage.objects.count() == 1
    assert len({frame["message_id"] for frame in bob.received}) == 1


@pytest.mark.postgres
def test_the_same_message_at_the_same_time_is_stored_once(transactional_db, alice):
    """A client that waits no longer for a reply may send again while the first message is still being handled."""
    session = alice.session
    together = Barrier(8)

    def publish(_):
        try:
            together.wait(timeout=10)
            chat.publish(session, {"message": "hello", "id": "a-1"})
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(publish, range(8)))

    assert ChatMessage.objects.count() == 1
    assert len({frame["message_id"] for frame in alice.received}) == 1


def test_two_people_may_use_the_same_id(alice, bob, publish):
    """An id is its sender's own."""
    publish({"message": "hello", "id": 1})
    publish({"message": "hi", "id": 1}, client=bob)

    assert set(ChatMessage.objects.values_list("text", flat=True)) == {"hello", "hi"}


@pytest.mark.parametrize("reference", ["x" * 65, "", None, ["a"], {"b": 1}, True, "\x00", "\ud800"])
def test_an_unusable_id_recognises_nothing(publish, reference):
    """Such messages are simply stored."""
    publish({"message": "hello", "id": reference})
    publish({"message": "hello", "id": reference})

    assert ChatMessage.objects.count() == 2


def test_history_has_the_latest_messages_oldest_first(alice):
    """Fifty of them."""
    user = alice.session.user
    ChatMessage.objects.bulk_create(
        ChatMessage(channel_name="lobby", user=user, text=str(number)) for number in range(chat.HISTORY_LENGTH + 5)
    )

    assert texts(chat.history(alice.session)) == [str(number) for number in range(5, chat.HISTORY_LENGTH + 5)]


def test_history_is_of_the_senders_channel(alice):
    """What was said elsewhere stays there."""
    ChatMessage.objects.create(channel_name="garden", text="psst")

    assert texts(chat.history(alice.session)) == []


@pytest.mark.parametrize("letter", ["x", "é", "😀", '"'])
def test_history_fits_one_message(alice, letter):
    """However long the messages are, the reply stays within what API Gateway carries."""
    for _ in range(10):
        ChatMessage.objects.create(channel_name="lobby", text=letter * 4_000)

    history = chat.history(alice.session)

    assert 0 < len(json.dumps(history | {"reply_to": "x" * 64})) <= MAX_MESSAGE_BYTES


def test_history_needs_a_fixed_number_of_queries(alice, django_assert_num_queries):
    """The authors come along."""
    user, session = alice.session.user, alice.session
    ChatMessage.objects.bulk_create(ChatMessage(channel_name="lobby", user=user, text="x") for _ in range(20))

    with django_assert_num_queries(1):
        chat.history(session)


def test_a_message_without_an_author_has_an_empty_name(alice):
    """Anonymous connections have no user."""
    ChatMessage.objects.create(channel_name="lobby", text="hello")

    assert chat.history(alice.session)["messages"][0]["user"] == ""


def test_old_messages_are_forgotten(publish, monkeypatch):
    """A channel keeps its latest messages; others are not touched."""
    monkeypatch.setattr(chat, "KEPT_PER_CHANNEL", 3)
    monkeypatch.setattr(chat, "TRIM_EVERY", 1)
    ChatMessage.objects.create(channel_name="garden", text="elsewhere")

    for number in range(6):
        publish({"message": str(number)})

    assert list(ChatMessage.objects.values_list("text", flat=True)) == ["elsewhere", "3", "4", "5"]


def test_the_admin_shows_a_hostile_message_as_text(admin_client, alice):
    """Staff read what strangers write: in the list and on the message's own page nothing of it runs."""
    message = ChatMessage.objects.create(
        channel_name="lobby", user=alice.session.user, text="<script>alert(1)</script>"
    )

    for page in ("/admin/realtime/chatmessage/", f"/admin/realtime/chatmessage/{message.pk}/change/"):
        answer = admin_client.get(page)
        assert b"<script>alert(1)" not in answer.content
        assert b"&lt;script&gt;alert(1)" in answer.content
