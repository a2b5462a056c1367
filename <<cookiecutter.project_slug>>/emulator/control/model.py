"""AWS's own description of `apigatewayv2`, as botocore ships it: which call has which method, path, input and output."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import unquote

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

SERVICE = "apigatewayv2"


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """The operation that a request asks for, and the values in its path."""

    operation: OperationModel
    labels: Mapping[str, str]


@cache
def _operations() -> list[tuple[str, re.Pattern[str], OperationModel]]:
    service = ServiceModel(Loader().load_service_model(SERVICE, "service-2"), SERVICE)
    operations = [service.operation_model(name) for name in service.operation_names]
    return [(each.http["method"], _pattern(each.http["requestUri"]), each) for each in operations]


def _pattern(uri: str) -> re.Pattern[str]:
    """`/v2/tags/{resource-arn}` matches one segment for each label; a slash in a value arrives as %2F."""
    segments = [
        "([^/]+)" if segment.startswith("{") else re.escape(segment) for segment in uri.removesuffix("+}").split("/")
    ]
    return re.compile("/".join(segments))


def match(method: str, raw_path: str) -> Match | None:
    """The operation with this method and path (as sent, percent-encoded), or None."""
    for wanted, pattern, operation in _operations():
        found = pattern.fullmatch(raw_path) if wanted == method else None
        if found:
            names = re.findall(r"\{([^}+]+)\+?\}", operation.http["requestUri"])
            return Match(operation=operation, labels=dict(zip(names, map(unquote, found.groups()), strict=True)))
    return None
