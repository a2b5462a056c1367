"""One way to call AWS: serial, patient with throttles and conflicts, and with errors turned into sentences."""

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from gateway import aws
from gateway.conf import conf
from gateway.provisioning.exceptions import ProvisioningError
from gateway.provisioning.sentences import explain

ATTEMPTS: Final = 8
FIRST_DELAY: Final = 0.5
LONGEST_DELAY: Final = 30.0
"""Seconds. AWS lets an account create one domain name in 30 seconds, and make ten calls a second of any kind."""

ENDPOINT_VARIABLES: Final = {
    "acm": "AWS_ENDPOINT_URL_ACM",
    "route53": "AWS_ENDPOINT_URL_ROUTE_53",
    "logs": "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS",
    "apigateway": "AWS_ENDPOINT_URL_API_GATEWAY",
}
"""botocore's own variables, for what provisioning uses beside API Gateway v2."""

THROTTLES: Final = frozenset({"TooManyRequestsException", "ThrottlingException", "Throttling", "RequestLimitExceeded"})


class CallError(ProvisioningError):
    """AWS refused a call. `code` is its own name for the reason, `reason` its own words."""

    def __init__(self, sentence: str, *, code: str, reason: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.reason = reason

    @property
    def is_not_found(self) -> bool:
        return self.code in {"NotFoundException", "ResourceNotFoundException", "NoSuchHostedZone"}

    @property
    def is_passing(self) -> bool:
        """Whether the same call may succeed a little later."""
        return self.code in THROTTLES or (self.code == "ConflictException" and "concurrent" in self.reason.lower())


def _client(service: str) -> Any:
    return aws.client(service)


@dataclass(kw_only=True)
class ControlPlane:
    """Where gateways are made: AWS in one region, or an emulator. `name` is what ids in the database are valid for."""

    name: str
    region: str
    is_aws: bool
    management_endpoint: str = ""
    services: frozenset[str] = frozenset(ENDPOINT_VARIABLES)
    """Which of the services beside API Gateway v2 there are here: an emulator has none, unless the environment names one."""
    client: Callable[[str], Any] = _client
    sleep: Callable[[float], None] = time.sleep
    clients: dict[str, Any] = field(default_factory=dict)

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Calls until it succeeds, fails for good, or has been tried often enough. Raises `ProvisioningError`."""
        for attempt in range(ATTEMPTS):
            try:
                return self._call_once(service, operation, parameters)
            except CallError as error:
                if not error.is_passing or attempt == ATTEMPTS - 1:
                    raise
            self.sleep(delay_before(attempt + 1, random.random()))  # noqa: S311
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _call_once(self, service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        try:
            if service not in self.clients:
                self.clients[service] = self.client(service)
            answer: dict[str, Any] = getattr(self.clients[service], operation)(**parameters)
        except ClientError as error:
            details = error.response.get("Error", {})
            code, reason = str(details.get("Code", "")), str(details.get("Message", ""))
            sentence = without_secrets(explain(error, service, operation, self.region))
            raise CallError(sentence, code=code, reason=reason) from None
        except BotoCoreError as error:
            raise ProvisioningError(explain(error, service, operation, self.region)) from None
        return answer

    def pages(self, operation: str, **parameters: Any) -> list[dict[str, Any]]:
        """All items of an `apigatewayv2` list, page after page. (botocore has no paginator for API mappings.)"""
        items: list[dict[str, Any]] = []
        token = ""
        while True:
            page = self.call("apigatewayv2", operation, **parameters, **({"NextToken": token} if token else {}))
            items += page.get("Items", [])
            token = page.get("NextToken", "")
            if not token:
                return items

    def found(self, service: str, operation: str, **parameters: Any) -> dict[str, Any] | None:
        """The answer, or None if there is no such thing."""
        try:
            return self.call(service, operation, **parameters)
        except CallError as error:
            if error.is_not_found:
                return None
            raise


def without_secrets(text: str) -> str:
    """AWS quotes what it refuses, and that may be the mapping of the shared secret."""
    for secret in conf().SECRETS:
        text = text.replace(secret, "(hidden)")
    return text


def delay_before(attempt: int, chance: float) -> float:
    """Seconds to wait before the given attempt (1 is the first repetition): exponential, with half of it left to chance."""
    longest = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** (attempt - 1))
    return longest * (0.5 + chance / 2)


def control_plane() -> ControlPlane:
    """The one that the settings name."""
    settings = conf()
    endpoint = settings.APIGATEWAYV2_ENDPOINT.rstrip("/")
    redirected = {service for service, variable in ENDPOINT_VARIABLES.items() if os.environ.get(variable)}
    return ControlPlane(
        name=endpoint or f"aws:{aws.region()}",
        region=aws.region(),
        is_aws=not endpoint,
        services=frozenset(redirected) if endpoint else frozenset(ENDPOINT_VARIABLES),
        management_endpoint=settings.MANAGEMENT_ENDPOINT.rstrip("/"),
    )
