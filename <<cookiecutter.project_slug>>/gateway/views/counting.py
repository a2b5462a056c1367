"""How an event ended, as figures."""

from time import perf_counter

from gateway import metrics
from gateway.guards import Visit
from gateway.wire import EventKind


def count_event(visit: Visit, code: str) -> None:
    """Counts a `$connect` or a message that has its answer: `accepted`, `handled`, or the code of what refused it.

    The handler is one of the view's table, or empty if none was picked: clients can make up no label.
    """
    if visit.event.kind is EventKind.CONNECT:
        metrics.count("websocket_connects_total", code=code)
    elif visit.event.kind is EventKind.MESSAGE:
        name = visit.handler.name if visit.handler else ""
        metrics.count("websocket_messages_total", handler=name, code=code)
        metrics.observe("websocket_message_seconds", perf_counter() - visit.started, handler=name)
