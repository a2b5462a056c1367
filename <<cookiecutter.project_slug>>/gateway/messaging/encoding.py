"""A message as the bytes that leave, and the reasons why it cannot be one."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from gateway.limits import MAX_MESSAGE_BYTES


class InvalidMessageError(ValueError):
    """The message cannot be sent to anybody. Raised before anything leaves."""


class MessageTooLargeError(InvalidMessageError):
    """More bytes than API Gateway carries in one message."""


def encode(data: Mapping[str, Any], unless_given: Mapping[str, Any] = MappingProxyType({})) -> bytes:
    """JSON by Django's encoder (dates, UUIDs and decimals become strings), as UTF-8; `unless_given` adds what `data` does not say.

    Raises `InvalidMessageError` for what is no dict, is not serialisable or not valid UTF-8, and `MessageTooLargeError` above 128
    KB. AWS counts bytes, not characters, and answers 413 for each recipient: it is checked here, once.
    """
    if not isinstance(data, Mapping):
        raise InvalidMessageError(f"A message is a dict, not {type(data).__name__}.")
    try:
        # NaN and Infinity are not JSON: a browser could not parse them.
        whole = {**unless_given, **data}
        text = json.dumps(whole, cls=DjangoJSONEncoder, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        encoded = text.encode()
    except UnicodeEncodeError as error:
        raise InvalidMessageError("The message holds a lone surrogate, which is not valid UTF-8.") from error
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidMessageError(f"The message cannot be written as JSON: {error}") from error
    if len(encoded) > MAX_MESSAGE_BYTES:
        raise MessageTooLargeError(
            f"The message has {len(encoded)} bytes; API Gateway carries at most {MAX_MESSAGE_BYTES}."
        )
    return encoded
