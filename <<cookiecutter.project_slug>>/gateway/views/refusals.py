"""What a refusal leaves behind: a log line, a row for the admin, a figure, and an answer that tells no more than it should."""

import logging
import secrets
from collections.abc import Mapping
from typing import Any, Final

from django.contrib.auth.models import AbstractBaseUser
from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from gateway import metrics, signals, wire
from gateway.exceptions import InternalError, Refusal, StrangerRefusal
from gateway.guards import Visit
from gateway.models import WebSocketRefusal
from gateway.models.journal import record_attempt, record_refusal
from gateway.views.counting import count_event
from gateway.wire import EventKind

logger = logging.getLogger("gateway.refusals")
request_logger = logging.getLogger("django.request")

ID_HEADER: Final = "X-Refusal-Id"
"""Carries the correlation id on every answer to a caller that is known; `manage.py explain_refusal` takes it."""


def refuse_event(visit: Visit, refusal: Refusal) -> HttpResponse:
    """The answer to a refused event, after it has been logged, recorded and counted."""
    if isinstance(refusal, StrangerRefusal):
        return _refuse_stranger(visit, refusal)
    try:
        return _refuse_known(visit, refusal, visit.event.kind or EventKind.CONNECT)
    finally:
        count_event(visit, refusal.code)


def _refuse_known(visit: Visit, refusal: Refusal, kind: EventKind) -> HttpResponse:
    correlation_id = report(refusal, kind=kind, user=visit.user, facts=_facts(visit))
    if kind is EventKind.CONNECT:
        record_attempt(ip_address=visit.event.source_ip, user=visit.user, successful=False, now=visit.now)
    if kind is EventKind.MESSAGE:
        frame = wire.error_frame(refusal.code, refusal.message, reply_to=visit.body.get("id"), errors=refusal.errors)
        return JsonResponse(frame, headers={ID_HEADER: correlation_id})
    return answer(refusal, correlation_id)


def _refuse_stranger(visit: Visit, refusal: StrangerRefusal) -> HttpResponse:
    """What a stranger sends is no event, so it counts on its own. The ids are those that it claims."""
    kind = visit.event.kind or ""
    metrics.count("websocket_strangers_total", code=refusal.code, kind=kind or "none")
    claimed = {
        "ip_address": visit.event.source_ip,
        "connection_id": clean(visit.event.connection_id or "")[:128],
        "request_id": visit.event.request_id,
    }
    _mention(refusal, kind, claimed)
    return HttpResponse(status=refusal.status)


def fail_event(visit: Visit, error: Exception) -> HttpResponse:
    """The answer to a message that could not be handled: an error frame, and nothing of what went wrong.

    Django tells of it as of any request that failed (its signal, its log, its mails), but its page would reach the client as a
    message: two-way routes pass the body on whatever the status is (AWS facts 4.1). Where nobody reads a frame the error is
    raised again.
    """
    try:
        return _answer_failure(visit, error)
    finally:
        count_event(visit, InternalError.code)


def _answer_failure(visit: Visit, error: Exception) -> HttpResponse:
    if visit.event.kind is not EventKind.MESSAGE:
        raise error
    got_request_exception.send(sender=type(visit.policy), request=visit.request)
    request_logger.error(
        "Internal Server Error: %s",
        visit.request.path,
        exc_info=error,
        extra={"status_code": InternalError.status, "request": visit.request},
    )
    frame = wire.error_frame(InternalError.code, InternalError.message, reply_to=visit.body.get("id"))
    return JsonResponse(frame, status=InternalError.status)


def refuse_request(request: HttpRequest, refusal: Refusal, kind: str) -> HttpResponse:
    """The answer to a refused request of the site's own pages: for a token, or for a check."""
    if kind == WebSocketRefusal.Kind.TOKEN:
        metrics.count("websocket_tokens_total", code=refusal.code)
    if not request.user.is_authenticated:
        return answer(refusal, _mention(refusal, kind, {}))
    facts = {
        "origin": request.headers.get("Origin", "")[:255],
        "user_agent": request.headers.get("User-Agent", "")[:512],
    }
    return answer(refusal, report(refusal, kind=kind, user=request.user, facts=facts))


def answer(refusal: Refusal, correlation_id: str) -> HttpResponse:
    """A refusal as an HTTP answer: its status, its code and its sentence."""
    response = JsonResponse({"error": refusal.code, "message": refusal.message}, status=refusal.status)
    if correlation_id:
        response[ID_HEADER] = correlation_id
    if refusal.retry_after is not None:
        response["Retry-After"] = str(refusal.retry_after)
    return response


def report(refusal: Refusal, *, kind: str, user: AbstractBaseUser | None, facts: Mapping[str, Any]) -> str:
    """Logs and records a refusal of a known caller. Returns its correlation id."""
    correlation_id = secrets.token_hex(8)
    told = {name: clean(value) if isinstance(value, str) else value for name, value in facts.items()}
    user_id = user.pk if user else None
    record_refusal(
        WebSocketRefusal(
            correlation_id=correlation_id,
            code=refusal.code,
            kind=kind,
            detail=clean(refusal.detail)[:500],
            user_id=user_id,
            created_on=timezone.now(),
            **told,
        )
    )
    _log(refusal, correlation_id, {"kind": kind, "user_id": user_id, **told})
    signals.refused.send(sender=None, code=refusal.code, correlation_id=correlation_id, kind=kind)
    return correlation_id


def _mention(refusal: Refusal, kind: str, facts: Mapping[str, Any]) -> str:
    """Logs a refusal of somebody unknown. Strangers leave no rows, so there is no id to look up."""
    _log(refusal, "", {"kind": kind, **facts})
    signals.refused.send(sender=None, code=refusal.code, correlation_id="", kind=kind)
    return ""


def clean(text: str) -> str:
    """Text without what neither database nor log line can hold."""
    return "".join(letter if letter.isprintable() else "?" for letter in text.encode("utf-8", "replace").decode())


def _facts(visit: Visit) -> dict[str, Any]:
    """What is known of the event, none of it secret. The cuts are those of the columns."""
    event = visit.event
    return {
        "api_id": event.api_id or "",
        "connection_id": (event.connection_id or "")[:128],
        "channel_name": (visit.channel_name or event.channel_name)[:191],
        "route_key": (event.route_key or "")[:128],
        "ip_address": event.source_ip,
        "origin": (event.origin or "")[:255],
        "user_agent": event.user_agent,
        "request_id": event.request_id,
    }


def _log(refusal: Refusal, correlation_id: str, facts: Mapping[str, Any]) -> None:
    """One line; the facts are its `extra`, which `config.logs` writes out for people and for machines."""
    extra = {"refusal_code": refusal.code, "refusal_id": correlation_id, "detail": clean(refusal.detail)} | dict(facts)
    told = {name: value for name, value in extra.items() if value not in (None, "")}
    logger.warning("refused %s", f"{refusal.code} {correlation_id}".rstrip(), extra=told)
