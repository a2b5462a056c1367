"""The tables of docs/autobahn.md: what came of each group, and the known exceptions."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from wstest.verdicts import FAILED, KNOWN, NON_STRICT, Outcome

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "autobahn.md"
GROUPS: Final = {
    "1": "Framing",
    "2": "Pings and pongs",
    "3": "Reserved bits",
    "4": "Opcodes",
    "5": "Fragmentation",
    "6": "UTF-8",
    "7": "Closing",
    "9": "Limits",
    "10": "Odd sizes",
    "12": "Compression, payloads",
    "13": "Compression, parameters",
}


def write_tables(outcomes: Mapping[str, Outcome]) -> None:
    """Renew both tables."""
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(
        _filled(_filled(text, "groups", groups(outcomes)), "exceptions", exceptions()), encoding="utf-8"
    )


def groups(outcomes: Mapping[str, Outcome]) -> str:
    """A row for each group: how many cases ended how."""
    lines = ["| Group | | Cases | OK | Non-strict | Informational | Otherwise |", "|--:|---|--:|--:|--:|--:|--:|"]
    for number, name in GROUPS.items():
        verdicts = Counter(each.verdict for case, each in outcomes.items() if case.partition(".")[0] == number)
        counts = (verdicts.total(), *(verdicts[name] for name in ("OK", NON_STRICT, "INFORMATIONAL", FAILED)))
        lines.append(f"| {number} | {name} | {' | '.join(map(str, counts))} |")
    verdicts = Counter(each.verdict for each in outcomes.values())
    counts = (verdicts.total(), *(verdicts[name] for name in ("OK", NON_STRICT, "INFORMATIONAL", FAILED)))
    return "\n".join([*lines, f"| | All | {' | '.join(map(str, counts))} |"])


def exceptions() -> str:
    """A row for each reason."""
    lines = ["| Cases | Verdict | Closed with | Why |", "|---|---|---|---|"]
    for each in KNOWN:
        cases = ", ".join(f"`{case}`" for case in each.cases.split())
        lines.append(f"| {cases} | {each.verdict.lower()} | {' or '.join(map(str, each.codes))} | {each.why} |")
    return "\n".join(lines)


def written(name: str) -> str:
    """What the document has as that table now."""
    found = _marked(name).search(DOCUMENT.read_text(encoding="utf-8"))
    return found[2].strip() if found else ""


def _filled(text: str, name: str, table: str) -> str:
    return _marked(name).sub(lambda match: f"{match[1]}\n{table}\n{match[3]}", text)


def _marked(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name}[^>]*-->\n)(.*?)(\n<!-- end of {name} -->)", re.DOTALL)
