"""AWS's own libraries, in one place: sessions, clients, credentials, proxies. The only module that imports boto3.

Everything botocore can be told by its environment and its files holds here too: profiles, roles, containers, instance
metadata, `AWS_CA_BUNDLE`, `HTTPS_PROXY` and `NO_PROXY`.
"""

import os
import threading
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.httpsession import get_cert_path
from botocore.utils import get_environ_proxies
from django.core.exceptions import ImproperlyConfigured

from gateway.conf import conf

_MAKING = threading.Lock()  # boto3 sessions are not safe to use from two threads, clients are


class Credentials(NamedTuple):
    """A frozen set of credentials: the three values that belong together."""

    access_key: str
    secret_key: str
    token: str | None


class CredentialsMissing(ImproperlyConfigured):
    """botocore found no credentials, or could not refresh them."""


@cache
def _session(region: str) -> boto3.Session:
    return boto3.Session(region_name=region or None)


@cache
def _client(service_name: str, region: str, endpoint_url: str | None, read_timeout: float, attempts: int) -> Any:
    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=3,
        read_timeout=read_timeout,
        max_pool_connections=10,
    )
    make: Any = _session(region).client
    return make(service_name, endpoint_url=endpoint_url, config=config)


def client(service_name: str, *, endpoint_url: str | None = None, region: str | None = None) -> Any:
    """A boto3 client, made once for each service, region and endpoint, and safe to share between threads.

    `endpoint_url` is required for `apigatewaymanagementapi`: it is the gateway's callback URL. The control plane's comes from the
    settings when it is not AWS's.
    """
    settings = conf()
    if service_name == "apigatewayv2":
        endpoint_url = endpoint_url or settings.APIGATEWAYV2_ENDPOINT or None
    # Whoever sends decides what is repeated: boto3 would repeat a message that timed out, too.
    timeout, attempts = (settings.SEND_TIMEOUT, 1) if service_name == "apigatewaymanagementapi" else (60.0, 5)
    with _MAKING:
        return _client(service_name, region or settings.REGION, endpoint_url, timeout, attempts)


def answer_of(operation: Callable[..., dict[str, Any]], **arguments: Any) -> tuple[int, str, str]:
    """The HTTP status, the error's code and its message of one boto3 call. Status 0: nothing came back.

    Credentials that cannot be found count as 403, the answer they would have got.
    """
    try:
        response = operation(**arguments)
    except ClientError as error:
        said = error.response.get("Error", {})
        return error.response["ResponseMetadata"]["HTTPStatusCode"], said.get("Code", ""), said.get("Message", "")
    except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError) as error:
        return 403, type(error).__name__, str(error)
    except BotoCoreError as error:
        return 0, type(error).__name__, str(error)
    return response["ResponseMetadata"]["HTTPStatusCode"], "", ""


def credentials() -> Credentials:
    """The credentials in force, refreshed by botocore some ten minutes before they expire.

    May wait for the network (a role, a container's or an instance's endpoint): never call it on an event loop.
    Raises `CredentialsMissing`.
    """
    with _MAKING:
        try:
            found = _session(conf().REGION).get_credentials()
            frozen = found.get_frozen_credentials() if found else None
        except BotoCoreError as error:
            raise CredentialsMissing(f"The AWS credentials could not be read or refreshed: {error}") from error
    if frozen is None or not frozen.access_key or not frozen.secret_key:
        raise CredentialsMissing(
            "There are no AWS credentials. Give the process a role, a profile or AWS_ACCESS_KEY_ID."
        )
    return Credentials(frozen.access_key, frozen.secret_key, frozen.token)


def region() -> str:
    """The region to sign for where a URL does not name one."""
    with _MAKING:
        return conf().REGION or _session("").region_name or "us-east-1"


def proxy_for(url: str) -> str | None:
    """The proxy that the environment asks for, `NO_PROXY` considered."""
    proxies: dict[str, str] = get_environ_proxies(url)
    return proxies.get(url.partition(":")[0])


def certificates() -> str:
    """Path of the certificates to trust: `AWS_CA_BUNDLE` or the profile's `ca_bundle`, else the ones botocore trusts."""
    with _MAKING:
        bundle = _session(conf().REGION)._session.get_config_variable("ca_bundle")  # noqa: SLF001
    return str(bundle or get_cert_path(True))


def forget() -> None:
    """Drops every session and client: after a fork, whose sockets belong to the parent, and when credentials are replaced."""
    _session.cache_clear()
    _client.cache_clear()


def _after_fork() -> None:
    global _MAKING  # noqa: PLW0603
    _MAKING = threading.Lock()
    forget()


os.register_at_fork(after_in_child=_after_fork)
