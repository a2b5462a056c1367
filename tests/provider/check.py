"""Checks a Terraform module against the provider's schema, without the provider.

Finds unknown and missing arguments, also in nested and dynamic blocks, references to what is not declared, and attributes that a
type does not have. Types of values are not checked.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import hcl2

SCHEMA = json.loads(Path(__file__).with_name("schema.json").read_text(encoding="utf-8"))["types"]
META_ARGUMENTS = {"count", "for_each", "depends_on", "provider", "lifecycle", "provisioner", "connection"}
REFERENCE = re.compile(r"(?<![\w.])((?:data\.)?aws_\w+)\.(\w+)(?:\[[^\]]*\])?(?:\.(\w+))?")
RENDERED_BLOCK = "dynamic"


def faults(module: Path) -> list[str]:
    """One line for each thing that the provider would refuse."""
    files = {path.name: _parsed(path) for path in sorted(module.glob("*.tf"))}
    declared = {(kind, name): body for file in files.values() for kind, name, body in _resources(file)}
    found = []
    for (kind, name), body in declared.items():
        if kind not in SCHEMA:
            found.append(f"{kind}.{name}: the schema has no such type")
        else:
            found += [f"{kind}.{name}: {fault}" for fault in _body_faults(body, SCHEMA[kind])]
    for path in sorted(module.glob("*.tf")):
        found += [
            f"{path.name}: {fault}" for fault in _reference_faults(path.read_text(encoding="utf-8"), set(declared))
        ]
    return found


def _parsed(path: Path) -> dict[str, Any]:
    with path.open(encoding="utf-8") as file:
        return dict(hcl2.load(file))


def _plain(name: str) -> str:
    return name.strip('"')


def _resources(file: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for section, prefix in (("resource", ""), ("data", "data.")):
        for block in file.get(section, []):
            for kind, instances in block.items():
                if not kind.startswith("__"):
                    for name, body in instances.items():
                        yield prefix + _plain(kind), _plain(name), body


def _body_faults(body: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    given = set()
    for name, value in body.items():
        if name.startswith("__") or name in META_ARGUMENTS:
            continue
        if name == RENDERED_BLOCK:
            for block in value:
                for inner, rendered in block.items():
                    given.add(_plain(inner))
                    yield from _block_faults(_plain(inner), rendered["content"], schema)
            continue
        given.add(name)
        if name in schema["blocks"]:
            yield from _block_faults(name, value, schema)
        elif name not in schema["arguments"]:
            yield f"unknown argument {name}"
    needed = schema["arguments"] | schema["blocks"]
    yield from (f"missing {name}" for name, rule in needed.items() if rule["required"] and name not in given)


def _block_faults(name: str, blocks: list[dict[str, Any]], schema: Mapping[str, Any]) -> Iterator[str]:
    if name not in schema["blocks"]:
        yield f"unknown block {name}"
        return
    for block in blocks:
        yield from (f"{name}: {fault}" for fault in _body_faults(block, schema["blocks"][name]))


def _reference_faults(text: str, declared: set[tuple[str, str]]) -> Iterator[str]:
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(("#", 'resource "', 'data "')))
    for kind, name, attribute in REFERENCE.findall(code):
        if (kind, name) not in declared:
            yield f"{kind}.{name} is not declared"
        elif attribute and attribute not in SCHEMA[kind]["attributes"]:
            yield f"{kind} has no attribute {attribute}"
