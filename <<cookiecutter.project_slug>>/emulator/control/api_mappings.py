"""Api mappings: which stage answers on a custom domain, below which path."""

import re

from emulator.control.call import Call, found, merged, page
from emulator.control.domains import domain_of
from emulator.control.errors import BadRequestError, ConflictError
from emulator.state import Domain, Record, State

_KEY = re.compile(r"[A-Za-z0-9$\-_.+!*'()]+(?:/[A-Za-z0-9$\-_.+!*'()]+)*")
MAX_KEY_LENGTH = 300


def create(state: State, call: Call) -> Record:
    """Makes an api mapping.

    Raises:
        ConflictError: the domain has one of this key.
    """
    domain = domain_of(state, call)
    record = {"ApiMappingKey": ""} | call.fields
    _check(state, domain, record)
    mapping_id = call.new_id(6)
    domain.mappings[mapping_id] = record | {"ApiMappingId": mapping_id}
    return domain.mappings[mapping_id]


def get(state: State, call: Call) -> Record:
    """One api mapping."""
    return _mapping_of(domain_of(state, call), call)


def get_all(state: State, call: Call) -> Record:
    """A page of a domain's api mappings."""
    return page(domain_of(state, call).mappings, call)


def update(state: State, call: Call) -> Record:
    """Merges what was sent into an api mapping."""
    domain = domain_of(state, call)
    record = {"ApiMappingKey": ""} | merged(_mapping_of(domain, call), call.fields)
    _check(state, domain, record)
    domain.mappings[record["ApiMappingId"]] = record
    return record


def delete(state: State, call: Call) -> None:
    """Removes an api mapping."""
    domain = domain_of(state, call)
    del domain.mappings[_mapping_of(domain, call)["ApiMappingId"]]


def _mapping_of(domain: Domain, call: Call) -> Record:
    return found(domain.mappings, call.ids["ApiMappingId"], "ApiMapping")


def _check(state: State, domain: Domain, record: Record) -> None:
    found(found(state.apis, record["ApiId"], "API").stages, record["Stage"], "Stage")
    key = record["ApiMappingKey"]
    if key and not (_KEY.fullmatch(key) and len(key) <= MAX_KEY_LENGTH):
        raise BadRequestError("API mapping key should have only letters, digits, / and $-_.+!*'()")
    for other in domain.mappings.values():
        if other["ApiMappingKey"] == key and other["ApiMappingId"] != record.get("ApiMappingId"):
            raise ConflictError("ApiMapping key already exists for this domain name")
