"""What was sent, for tests with `WEBSOCKETS["TRANSPORT"] = "memory"`.

    outbox.clear()
    session.send_message({"type": "hello"})
    assert outbox.to(session.connection_id) == [{"type": "hello"}]

`outbox.messages` has everything in order, `outbox.closed` the connections that were closed, and `outbox.answer(connection_id, 410)`
decides how a connection answers.
"""

from gateway.transports import Outbox, Sent, outbox

__all__ = ["Outbox", "Sent", "outbox"]
