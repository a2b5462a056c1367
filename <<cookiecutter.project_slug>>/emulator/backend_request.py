"""The HTTP request that an integration makes of an event. Pure: building it, not sending it."""

import re
from collections.abc import Collection
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from emulator import headers
from emulator.context import Context
from emulator.json_values import parse_body
from emulator.parameters import Handshake, Mapped, Sources, map_parameters
from emulator.snapshot import Integration, LiveStage
from emulator.switches import Switches

STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.([^}]+)\}")
PATH_PARAMETER = re.compile(r"\{([^}]+)\}")


class Event(NamedTuple):
    """What happened to a connection: its context, and the client's text or handshake."""

    context: Context
    trace_id: str
    body: str = ""
    handshake: Handshake | None = None


class BackendRequest(NamedTuple):
    """An ordinary HTTP/1.1 request."""

    method: str
    url: str
    headers: list[tuple[str, str]]
    body: bytes
    mapped: list[str]
    """Names of the headers that the integration maps."""


def build(
    integration: Integration, stage: LiveStage, event: Event, switches: Switches, *, declared: Collection[str] = ()
) -> BackendRequest:
    """The call for an event: headers by its kind, then the mappings over them.

    Raises RefusedTargetError where the integration maps a header that it may not set.
    """
    sources = Sources(
        context=event.context,
        stage_variables=stage.stage_variables,
        body_text=event.body,
        body=_parsed_body(integration, event),
        handshake=event.handshake,
        declared=declared,
    )
    mapped = map_parameters(integration.rules, sources, send_empty=switches.send_empty_parameters)
    sent = headers.override(
        _own_headers(stage.api_id, event, switches), mapped.headers, keep_case_variants=switches.keep_case_variants
    )
    method = "POST" if integration.method == "ANY" else integration.method
    body = b"" if method in {"GET", "HEAD"} else event.body.encode()
    return BackendRequest(
        method=method,
        url=_url(integration.uri, stage, mapped, event.handshake),
        headers=[*sent, ("Content-Length", str(len(body)))],
        body=body,
        mapped=[name for name, _ in mapped.headers],
    )


def _parsed_body(integration: Integration, event: Event) -> Any:
    if not event.body:
        return None
    needed = any(rule.source_place == "body" and rule.source_name for rule in integration.rules)
    return parse_body(event.body) if needed else None


def _own_headers(api_id: str, event: Event, switches: Switches) -> headers.Pairs:
    source_ip = event.context.get("identity.sourceIp") or ""
    if event.handshake is not None:
        return headers.connect_headers(
            event.handshake.headers, api_id=api_id, trace_id=event.trace_id, source_ip=source_ip
        )
    content_type = switches.message_content_type if event.body else ""
    own = headers.event_headers(api_id=api_id, trace_id=event.trace_id, content_type=content_type)
    return own + headers.forwarded((), source_ip) if switches.forwarded_headers_on_messages else own


def _url(uri: str, stage: LiveStage, mapped: Mapped, handshake: Handshake | None) -> str:
    """The integration's URI with its variables filled in; the handshake's query string first, mapped parameters beside it."""
    if "{" in uri:
        uri = STAGE_VARIABLE.sub(lambda match: stage.stage_variables.get(match[1], ""), uri)
        uri = PATH_PARAMETER.sub(lambda match: quote(mapped.path.get(match[1], ""), safe=""), uri)
    queries = [handshake.query_string if handshake else "", urlencode(mapped.query)]
    query = "&".join(part for part in queries if part)
    if not query:
        return uri
    return uri + ("&" if "?" in uri else "?") + query
