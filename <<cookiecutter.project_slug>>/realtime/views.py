"""The handlers of this project: what Django does with the messages that browsers send."""

from typing import Any

from django.http import HttpRequest

from gateway.routing import handler
from gateway.views import WebSocketView
from realtime import chat


class RealtimeView(WebSocketView):
    """Serves every route of the gateway. `manage.py add_route NAME` adds another one.

    In a handler there are `self.body` (the message), `self.websocket_session` (who sent it, from which channel), `self.event` (what
    API Gateway said of it) and `request.user`. A dict that it returns goes to the sender alone. To refuse a message raise one of
    `gateway.exceptions`; to ask for permissions write `@handler(permissions=["app.permission"])`.
    """

    @handler
    def default(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Publishes a message whose `action` has no handler of its own to the sender's channel.

        Next: answer with `{"type": "unknown"}` instead if clients should only use the routes below.
        """
        chat.publish(self.websocket_session, self.body)
<% for route in cookiecutter.routes.replace(',', ' ').split() %>

    @handler
<% if route == "fetch_history" %>
    def fetch_history(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Answers `{"action": "fetch_history"}` with the channel's latest messages, to its sender alone.

        Next: read a page of older messages from `self.body`, or return rows of your own models.
        """
        return chat.history(self.websocket_session)
<% else %>
<% if route|length > 48 %>
    def << route >>(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> None:
<% else %>
    def << route >>(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
<% endif %>
        """Sends `{"action": "<< route >>", "message": "..."}` to the channel.

        Next: give it a `schema` (`@handler(schema=...)`), read `self.body`, and send what your project has to say with
        `self.websocket_session.send_message({...})` or `WebSocketSession.objects.filter(...).send_message({...})`.
        """
        chat.publish(self.websocket_session, self.body)
<% endif %>
<% endfor %>
