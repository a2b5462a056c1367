"""A connection from `$connect` to `$disconnect`, as the in-process client makes it."""

import pytest
from django.contrib.auth import get_user_model

from gateway.models import ApiGateway, ApiGatewayAdditionalRoute, ConnectionRateLimit, WebSocketSession, WebSocketToken
from gateway.testing import ConnectionRefused, WebSocketClient, outbox

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _empty_outbox():
    outbox.clear()


@pytest.fixture
def ann():
    return get_user_model().objects.create_user("ann", password="ann's password")


@pytest.fixture
def client(ann):
    client = WebSocketClient(ann)
    client.connect()
    return client


def test_connect_writes_the_session(client, ann):
    """A connection's row holds its user, its channel and no key."""
    session = client.session

    assert session.connected
    assert session.user == ann
    assert session.channel_name == "lobby"
    assert session.ip_address == "203.0.113.7"
    assert session.user_agent == "Mozilla/5.0 (tests)"
    assert session.session_key_hash
    assert client.browser.session.session_key not in str(vars(session))


def test_connect_uses_the_token_up(client):
    """A token is good for one connection."""
    token = WebSocketToken.objects.get()

    assert token.used_on is not None


def test_connect_records_the_attempt(client, ann):
    """An attempt that was let in is recorded as such."""
    attempt = ConnectionRateLimit.objects.get()

    assert attempt.successful
    assert attempt.user == ann
    assert attempt.ip_address == "203.0.113.7"


def test_message_reaches_the_default_handler(client):
    """A message without a handler of its own goes to `default`, whose dict is the reply."""
    assert client.send({"greeting": "hi", "id": 7}) == {
        "type": "echo",
        "body": {"greeting": "hi", "id": 7},
        "user": "ann",
        "reply_to": 7,
    }


def test_what_a_message_says_of_itself_is_not_believed(client: WebSocketClient) -> None:
    """Whose connection it came through is API Gateway's to say."""
    bob = WebSocketClient(get_user_model().objects.create_user("bob"))
    bob.connect()
    claims = {"connectionId": bob.connection_id, "user": "bob", "requestContext": {"connectionId": bob.connection_id}}

    assert client.send(claims)["user"] == "ann"
    assert (client.session.request_count, bob.session.request_count) == (1, 0)


def test_message_is_published_to_the_channel(client, ann):
    """What a handler sends to the channel reaches everybody in it."""
    other = WebSocketClient(ann)
    other.connect()

    reply = client.send({"action": "chat_message", "message": "hello"})

    assert reply is None
    assert client.received == [{"type": "chat_message", "message": "hello"}]
    assert other.received == [{"type": "chat_message", "message": "hello"}]


def test_message_counts(client):
    """The session counts its messages."""
    client.send({"n": 1})
    client.send({"n": 2})

    assert client.session.request_count == 2


def test_none_with_an_id_is_answered_ok(client):
    """A handler that returns None tells a client that sent an id that all is well."""
    assert client.send({"action": "chat_message", "message": "x", "id": "a"}) == {"type": "ok", "reply_to": "a"}


def test_disconnect_ends_the_session(client):
    """`$disconnect` writes when and why a connection ended."""
    client.disconnect(code=1001, reason="Going away")

    session = client.session
    assert not session.connected
    assert session.disconnected_on is not None
    assert session.disconnect_code == 1001
    assert session.disconnect_reason == "Going away"


def test_late_connect_after_disconnect_is_refused(ann):
    """A `$disconnect` that overtakes its `$connect` wins: the row stays ended."""
    client = WebSocketClient(ann)
    client.connection_id = "early="
    client.disconnect()

    with pytest.raises(ConnectionRefused) as refused:
        client.connect(connection_id="early=")

    assert refused.value.code == "connection_id_invalid"
    assert not WebSocketSession.objects.get().connected


def test_connection_id_seen_twice_is_refused(client):
    """A connection id lives once; the first connection stays."""
    first = client.connection_id

    with pytest.raises(ConnectionRefused) as refused:
        client.connect(connection_id=first)

    assert refused.value.code == "connection_id_invalid"
    assert client.session.connected


def test_late_disconnect_changes_nothing(client):
    """Only the first `$disconnect` counts."""
    client.disconnect(code=1001)
    client.disconnect(code=1005)

    assert client.session.disconnect_code == 1001


@pytest.mark.django_db(transaction=True)
def test_a_gateway_deleted_in_another_process_is_a_refusal(settings):
    """This process still believes its copy of the row, and the database does not."""
    settings.WEBSOCKETS = settings.WEBSOCKETS | {"CACHE_SECONDS": 30}
    person = get_user_model().objects.create_user("eve", password="x")
    client = WebSocketClient(person)
    client.connect()
    client.disconnect()
    token = client.token()
    for model in (WebSocketSession, ApiGatewayAdditionalRoute, ApiGateway):
        model.objects.all()._raw_delete("default")

    with pytest.raises(ConnectionRefused) as refused:
        client.connect(token=token)

    assert refused.value.code == "login_ended"
    assert not WebSocketSession.objects.exists()
