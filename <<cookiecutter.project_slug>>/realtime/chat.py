"""The example chat: what its routes do. Change it, or delete it together with `ChatMessage` and the page."""

import json
from typing import Any

from gateway.exceptions import PayloadInvalid
from gateway.limits import MAX_MESSAGE_BYTES
from gateway.models import WebSocketSession
from realtime.models import ChatMessage

HISTORY_LENGTH = 50
KEPT_PER_CHANNEL = 1_000
TRIM_EVERY = 100
ENVELOPE_BYTES = 1_024
"""Room for what surrounds a message on its way: the names of its fields, `reply_to`."""


def publish(session: WebSocketSession, body: dict[str, Any]) -> None:
    """Store the message and send it to everyone in the sender's channel, the sender included.

    Raises `PayloadInvalid` for a text that is missing, empty or too long to be sent on. A message that comes again with the same
    `id`, because its reply was lost, is not stored again; it is sent again under its old `message_id`, which clients drop.
    """
    message = _store(session, _text(body), _reference(body))
    WebSocketSession.objects.filter(channel_name=session.channel_name).send_message(frame_of(message))


def history(session: WebSocketSession) -> dict[str, Any]:
    """The latest messages of the sender's channel, oldest first: at most 50, and at most what one reply can carry."""
    newest = ChatMessage.objects.filter(channel_name=session.channel_name).select_related("user").order_by("-id")
    frames: list[dict[str, Any]] = []
    room = MAX_MESSAGE_BYTES - ENVELOPE_BYTES
    for message in newest[:HISTORY_LENGTH]:
        frame = frame_of(message)
        room -= _size(frame) + 2
        if room < 0:
            break
        frames.append(frame)
    return {"type": "history", "messages": frames[::-1]}


def frame_of(message: ChatMessage) -> dict[str, Any]:
    """A message as browsers get it. They drop what comes twice, by `message_id`."""
    return {
        "type": "chat_message",
        "message": message.text,
        "user": message.user.get_username() if message.user else "",
        "sent_on": message.created_on.isoformat(),
        "message_id": f"chat-{message.pk}",
    }


def _text(body: dict[str, Any]) -> str:
    text = body.get("message")
    if not isinstance(text, str) or not text.strip():
        raise PayloadInvalid(errors={"message": ["Give a text that is not empty."]})
    if not _storable(text):
        raise PayloadInvalid(errors={"message": ["A text holds neither NUL characters nor halves of surrogate pairs."]})
    if _size(text) > MAX_MESSAGE_BYTES - ENVELOPE_BYTES:
        raise PayloadInvalid(errors={"message": ["The text is too long to be sent on in one message."]})
    return text


def _reference(body: dict[str, Any]) -> str:
    """The client's own `id`, where it can tell one message from another."""
    given = body.get("id")
    reference = str(given) if isinstance(given, str | int) and not isinstance(given, bool) else ""
    return reference if len(reference) <= ChatMessage.REFERENCE_LENGTH and _storable(reference) else ""


def _storable(text: str) -> bool:
    """JSON can spell what no database takes: NUL characters, and halves of surrogate pairs."""
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _store(session: WebSocketSession, text: str, reference: str) -> ChatMessage:
    place = {"user": session.user, "channel_name": session.channel_name}
    if reference and session.user:
        message, _ = ChatMessage.objects.get_or_create(**place, reference=reference, defaults={"text": text})
    else:
        message = ChatMessage.objects.create(**place, text=text)
    if message.pk % TRIM_EVERY == 0:
        _trim(session.channel_name)
    return message


def _trim(channel_name: str) -> None:
    """Forget all but the latest messages of a channel; done now and then, so that no message pays for it twice."""
    messages = ChatMessage.objects.filter(channel_name=channel_name)
    for oldest in messages.order_by("-id").values_list("id", flat=True)[KEPT_PER_CHANNEL : KEPT_PER_CHANNEL + 1]:
        messages.filter(id__lte=oldest).delete()


def _size(value: object) -> int:
    """Bytes of the value as JSON, at its longest: every character outside ASCII escaped."""
    return len(json.dumps(value))
