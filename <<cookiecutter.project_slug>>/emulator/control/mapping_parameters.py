"""Request parameters of an integration: which value of the event goes where in the call to the backend."""

import re
from collections.abc import Collection, Mapping

from emulator.control.errors import BadRequestError
from gateway.limits import MAX_PARAMETER_VALUE_LENGTH

_NAME = r"[a-zA-Z0-9._$-]+"
_TARGET = re.compile(rf"integration\.request\.(?:header|querystring|path)\.{_NAME}")
_SOURCE = re.compile(
    r"'[^'\x00-\x1f\x7f]*'"
    rf"|(?:context|stageVariables)\.{_NAME}"
    rf"|route\.request\.(?:header|querystring|multivalueheader|multivaluequerystring)\.{_NAME}"
    r"|route\.request\.body(?:\.[a-zA-Z0-9._$\[\]*-]+)?"
)


def check_request_parameters(parameters: Mapping[str, str], refused_sources: Collection[str] = ()) -> None:
    """Refuses keys and values that AWS refuses. Removals (empty values) are let through.

    A target such as `Content-Length` is accepted here, as AWS does: it makes every call of the integration fail.

    Raises:
        BadRequestError: the first one that is wrong.
    """
    for target, source in parameters.items():
        if not _TARGET.fullmatch(target):
            raise BadRequestError(f"Invalid mapping expression parameter specified: {target}")
        allowed = _SOURCE.fullmatch(source) and len(source) <= MAX_PARAMETER_VALUE_LENGTH
        if source and (not allowed or source in refused_sources):
            # A literal may be a secret: it is never repeated.
            shown = "a literal" if source.startswith("'") else source
            raise BadRequestError(f"Invalid mapping expression specified for {target}: {shown}")
