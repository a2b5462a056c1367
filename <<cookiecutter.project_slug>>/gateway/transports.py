"""One call about one connection: to AWS through boto3, or into an outbox that tests read.

The management API knows three calls: POST sends, GET asks whether a connection is there, DELETE closes it. The engine for many
connections at once is `gateway.messaging.engine`; what is here is slower and simpler.
"""

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal, NamedTuple, Protocol
from urllib.parse import urlsplit

Method = Literal["POST", "GET", "DELETE"]

CONNECT_SECONDS: Final = 3.0
"""How long a connection to the management API may take to make."""


class Outcome(StrEnum):
    """What became of one recipient."""

    SENT = "sent"
    """API Gateway accepted the message. Whether the client has read it, nobody knows."""
    GONE = "gone"
    """The connection no longer exists."""
    THROTTLED = "throttled"
    """Still answered 429 after every retry: the account's rate, or a client that reads too slowly."""
    FAILED = "failed"
    """Anything else. A call that timed out may have arrived all the same."""


class Recipient(NamedTuple):
    """A connection, the management API that holds it, and when it was opened (seconds since the epoch; 0 stands for long ago)."""

    connection_id: str
    callback_url: str
    created_on: float = 0.0


class Answer(NamedTuple):
    """What came back for one call. Status 0: nothing came back, and `repeatable` says whether to try again."""

    status: int
    error: str = ""
    message: str = ""
    repeatable: bool = False

    @property
    def text(self) -> str:
        """For people."""
        said = " ".join(filter(None, [str(self.status or ""), self.error, self.message])).rstrip(".")
        return f"{said}."


NO_CALLBACK_URL: Final = Answer(
    403, "CallbackUrlMissing", "The gateway has no callback URL. Provision it: manage.py provision_gateway"
)
"""For a gateway that does not exist on AWS yet, or has something else there: nobody can be reached, whoever it is."""


_AWS_HOST: Final = re.compile(r"\.execute-api\.([a-z0-9-]+)\.")


def region_of(callback_url: str) -> str | None:
    """The region that an address of AWS names; a custom domain names none."""
    found = _AWS_HOST.search(urlsplit(callback_url).hostname or "")
    return found[1] if found else None


def is_address(callback_url: str) -> bool:
    """Whether calls can go there: somebody may have typed it."""
    try:
        parts = urlsplit(callback_url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


class Transport(Protocol):
    """Makes one call and waits for its answer. Never raises for what the network or AWS did."""

    def call(self, method: Method, recipient: Recipient, body: bytes = b"") -> Answer:
        """The answer of the management API."""


_REPEATABLE: Final = {"ConnectTimeoutError", "ConnectionClosedError", "EndpointConnectionError", "ProxyConnectionError"}
"""What boto3 says of connections that could not be made or were lost. A call that timed out is none of them."""


class Boto3Transport:
    """Plain boto3: every kind of proxy and credential, and easy to watch, at about a millisecond of CPU for each call."""

    def call(self, method: Method, recipient: Recipient, body: bytes = b"") -> Answer:
        """The answer of the management API. boto3 repeats nothing by itself: what timed out may have arrived."""
        from gateway import aws

        if not is_address(recipient.callback_url):
            return NO_CALLBACK_URL
        url = recipient.callback_url
        client = aws.client("apigatewaymanagementapi", endpoint_url=url, region=region_of(url))
        calls = {"POST": client.post_to_connection, "GET": client.get_connection, "DELETE": client.delete_connection}
        arguments = {"ConnectionId": recipient.connection_id} | ({"Data": body} if method == "POST" else {})
        status, error, message = aws.answer_of(calls[method], **arguments)
        return Answer(status, error, message, repeatable=error in _REPEATABLE)


@dataclass(frozen=True, slots=True)
class Sent:
    """A message in the outbox."""

    connection_id: str
    data: Any
    callback_url: str


@dataclass
class Outbox:
    """What the memory transport was asked to do, in order. Tests read it and decide how connections answer."""

    messages: list[Sent] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __iter__(self) -> Iterator[Sent]:
        return iter(list(self.messages))

    def __len__(self) -> int:
        return len(self.messages)

    def __getitem__(self, index: int) -> Sent:
        return self.messages[index]

    def to(self, connection_id: str) -> list[Any]:
        """What was sent to one connection, oldest first."""
        return [sent.data for sent in self if sent.connection_id == connection_id]

    def answer(self, connection_id: str, status: int, error: str = "", message: str = "") -> None:
        """From now on calls about this connection are answered so: 410 makes it gone, 429 throttles it."""
        self.answers[connection_id] = Answer(status, error, message)

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self.messages.clear()
            self.closed.clear()
            self.answers.clear()

    def take(self, method: Method, recipient: Recipient, body: bytes) -> Answer:
        """Carries out one call."""
        with self._lock:
            answer = self.answers.get(recipient.connection_id)
            if answer is None and recipient.connection_id in self.closed:
                answer = Answer(410, "GoneException")
            if answer is not None and answer.status not in {200, 204}:
                return answer
            if method == "POST":
                self.messages.append(Sent(recipient.connection_id, json.loads(body), recipient.callback_url))
            elif method == "DELETE":
                self.closed.append(recipient.connection_id)
            return Answer(204 if method == "DELETE" else 200)


outbox = Outbox()
"""The memory transport's outbox of this process."""


class MemoryTransport:
    """Keeps what would have been sent in `gateway.testing.outbox`."""

    def call(self, method: Method, recipient: Recipient, body: bytes = b"") -> Answer:
        """The answer the outbox was told to give, else success."""
        return outbox.take(method, recipient, body)
