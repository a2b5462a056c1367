"""Log lines: for people, for machines, and never with a query string."""

import json
import logging

import pytest
from django.test import RequestFactory

from config.logs import JsonFormatter, PlainFormatter, WithoutQueryString


def record(message: str, *arguments: object, **extra: object) -> logging.LogRecord:
    return logging.makeLogRecord({"name": "gateway", "levelname": "INFO", "msg": message, "args": arguments} | extra)


def test_a_query_string_is_cut_out() -> None:
    """A socket's query string carries its one-time token."""
    line = record('"%s" %s', "GET /ws/connect?ws_token=abc123&channel=lobby HTTP/1.1", 200)

    assert WithoutQueryString().filter(line)
    assert line.getMessage() == '"GET /ws/connect?... HTTP/1.1" 200'


def test_a_line_without_a_query_string_is_left_alone() -> None:
    """Questions may be asked in a log."""
    line = record("ready? %s", "yes")

    WithoutQueryString().filter(line)

    assert line.getMessage() == "ready? yes"


def test_json_holds_what_was_given_as_extra() -> None:
    """A refusal's code is a field of its own, to search for."""
    line = json.loads(JsonFormatter().format(record("refused", code="token_invalid", connection_id="abc=")))

    assert (line["message"], line["code"], line["connection_id"]) == ("refused", "token_invalid", "abc=")


def test_json_holds_the_exception() -> None:
    """A traceback stays within its line."""
    try:
        raise ValueError("no")
    except ValueError as error:
        text = JsonFormatter().format(record("failed", exc_info=(ValueError, error, error.__traceback__)))

    assert "\n" not in text
    assert "ValueError: no" in json.loads(text)["exception"]


def test_a_request_that_failed_is_found_by_its_event() -> None:
    """Django reports it with the path alone; which connection it was is in the headers that API Gateway maps."""
    headers = {"X-Gateway-Connection-Id": "abc=", "X-Gateway-Request-Id": "r" * 500}
    request = RequestFactory().post("/ws/default", headers=headers)

    line = json.loads(JsonFormatter().format(record("Internal Server Error: /ws/default", request=request)))

    assert (line["connection_id"], line["request_id"]) == ("abc=", "r" * 128)


def test_a_request_of_a_page_has_no_event() -> None:
    """Nor does a server's own record, whose request is a socket."""
    for request in (RequestFactory().get("/"), object()):
        assert "connection_id" not in json.loads(JsonFormatter().format(record("Not Found: /", request=request)))


def test_an_access_line_has_the_ids_of_its_event() -> None:
    """gunicorn gives the request's headers beside its format; a request of a page has none of these."""
    atoms = {"U": "/ws/default", "{x-gateway-connection-id}i": "abc=", "{x-gateway-request-id}i": "r" * 500}

    event, page = (
        json.loads(JsonFormatter().format(logging.LogRecord("gunicorn.access", 20, "", 0, "%(U)s", (given,), None)))
        for given in (atoms, {"U": "/"})
    )

    assert (event["message"], event["connection_id"], event["request_id"]) == ("/ws/default", "abc=", "r" * 128)
    assert page.keys().isdisjoint({"connection_id", "request_id"})


@pytest.mark.parametrize("code", ["\n", "\r", "\x0b", "\x85", "\u2028", "\x1b[2K", "\x9b2K", "\u202e", "\ud800"])
def test_a_client_cannot_forge_a_line(code: str) -> None:
    """Line breaks, terminal codes and letters that turn the text around are shown, not obeyed."""
    text = PlainFormatter().format(record("refused", channel=f"x{code}12:00:00 INFO gateway: all is well"))

    assert text.isprintable()
    assert text.endswith("12:00:00 INFO gateway: all is well")


def test_a_plain_line_shows_the_extra_values() -> None:
    """People search too."""
    assert PlainFormatter().format(record("refused", code="rate_limited")).endswith("refused code=rate_limited")
