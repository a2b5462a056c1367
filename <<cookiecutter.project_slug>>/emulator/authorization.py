"""Who may call the control plane and `@connections`: whoever signs the request.

The key `local` with the secret `local` is verified in full. Other keys only have to sign in a well-formed way, unless signatures
are strict: their secrets are unknown here, and a laptop's real credentials should not matter. So a web page could sign as well, and
read the secrets of integrations: pages are told by what no SDK sends.
"""

import ipaddress
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from emulator.sigv4 import SignatureError, SignedRequest, parse_authorization, verify

CREDENTIALS: Final[Mapping[str, str]] = MappingProxyType({"local": "local"})
MISSING_TOKEN: Final = "Missing Authentication Token"  # noqa: S105
LOCAL_SUFFIXES: Final = (".localhost", ".internal")
"""Names that nobody can register: a page of somebody else cannot have been loaded from there."""


async def check_signature(request: web.Request, *, service: str, strict: bool) -> str | None:
    """None if the request may pass, else the reason why not.

    Dates are compared with the machine's own clock: a client signs with that one, however far the emulator's has been advanced.
    """
    header = request.headers.get("Authorization")
    if header is None:
        return MISSING_TOKEN
    if "Origin" in request.headers:
        return "A web page may not call AWS's APIs here."
    try:
        signature = parse_authorization(header)
        secret = CREDENTIALS.get(signature.access_key)
        if secret is not None:
            signed = SignedRequest(
                method=request.method,
                target=request.raw_path,
                headers=[*request.headers.items()],
                body=await request.read(),
            )
            verify(signed, signature, secret=secret, service=service, now=time.time())
        elif strict:
            return "The security token included in the request is invalid."
    except SignatureError as error:
        return str(error)
    return None


def is_local_name(host: str, own_host: str) -> bool:
    """Whether a `Host` can be meant for this machine: an address, a name of this network, or what the emulator listens on.

    Any other name may have been made to resolve to this machine (DNS rebinding), and its page counts as the same site.
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if "." not in name or name == own_host or name.endswith(LOCAL_SUFFIXES):
        return bool(name)
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def forbidden(reason: str, error_type: str) -> web.Response:
    """403 with the error type that an AWS SDK reads."""
    return web.json_response({"message": reason}, status=403, headers={"x-amzn-ErrorType": error_type})
