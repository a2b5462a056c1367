"""Tags on APIs, stages and custom domain names."""

import re

from emulator.control.call import Call, found
from emulator.control.errors import BadRequestError
from emulator.state import Record, State

MAX_TAGS = 50
MAX_TAG_KEY_LENGTH = 128
_ARN = re.compile(r"arn:aws[a-z-]*:apigateway:[a-z0-9-]*::/(apis|domainnames)/([^/]+)(?:/stages/([^/]+))?")


def get(state: State, call: Call) -> Record:
    """The tags of a resource."""
    return {"Tags": _tagged(state, call).get("Tags", {})}


def tag(state: State, call: Call) -> Record:
    """Adds tags to a resource, or changes them."""
    resource = _tagged(state, call)
    tags = resource.get("Tags", {}) | call.fields.get("Tags", {})
    check_tags(tags)
    resource["Tags"] = tags
    return {}


def untag(state: State, call: Call) -> None:
    """Removes tags from a resource. Unknown keys do not matter."""
    resource = _tagged(state, call)
    resource["Tags"] = {key: value for key, value in resource.get("Tags", {}).items() if key not in call.ids["TagKeys"]}


def check_tags(tags: Record) -> None:
    """Refuses tags that AWS does not allow.

    Raises:
        BadRequestError: too many, a key too long or reserved.
    """
    if len(tags) > MAX_TAGS:
        raise BadRequestError(f"A resource can have at most {MAX_TAGS} tags.")
    for key in tags:
        if not 1 <= len(key) <= MAX_TAG_KEY_LENGTH:
            raise BadRequestError(f"A tag key must have 1 to {MAX_TAG_KEY_LENGTH} characters.")
        if key.lower().startswith("aws:"):
            raise BadRequestError(f"Tag keys that begin with aws: are reserved: {key}")


def _tagged(state: State, call: Call) -> Record:
    arn = _ARN.fullmatch(call.ids["ResourceArn"])
    if arn is None:
        raise BadRequestError(f"Invalid ARN specified: {call.ids['ResourceArn']}")
    kind, name, stage_name = arn.groups()
    if kind == "domainnames":
        return found(state.domains, name, "domain name").record
    api = found(state.apis, name, "API")
    return found(api.stages, stage_name, "Stage") if stage_name else api.record
