"""The WebSocket view that the tests call: one handler of each sort."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from pydantic import BaseModel

from gateway.models import WebSocketSession
from gateway.routing import handler
from gateway.views import WebSocketView


@dataclass
class Note:
    """A dataclass payload."""

    text: str
    stars: int = 0


class NoteForm(forms.Form):
    """A form payload."""

    text = forms.CharField(max_length=10)
    on = forms.DateField(required=False)


class NoteModel(BaseModel):
    """A pydantic payload."""

    text: str
    stars: int = 0


class TestView(WebSocketView):
    """Handlers of every sort, and a helper that no client may reach."""

    __test__ = False
    ALLOWED_HANDLERS = frozenset({"default", "chat_message"})

    def default(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {"type": "echo", "body": self.body, "user": request.user.get_username()}

    def chat_message(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        channel = WebSocketSession.objects.filter(channel_name=self.websocket_session.channel_name)
        channel.send_message({"type": "chat_message", "message": self.body.get("message")})

    @handler
    def ask(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponse("as it is")

    @handler(schema=Note)
    def note(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {"text": self.body.text, "stars": self.body.stars}

    @handler(schema=NoteForm)
    def note_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {"text": self.body["text"], "on": self.body["on"]}

    @handler(schema=NoteModel)
    def note_model(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {"text": self.body.text, "stars": self.body.stars}

    @handler(permissions="gateway.view_apigateway")
    def inspect(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {"inspected": True}

    def helper(self) -> None:
        raise AssertionError("a client reached an undeclared method")
