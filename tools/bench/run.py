"""The benchmarks: `run.py [inbound|fan-out|emulator|races|first-run ...] [--quick] [--write-docs]`.

Ratios only, formed within one run. Everything is on loopback and bounded in time and number.
"""

import argparse
import json
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import document, emulator, fan_out, first_run, inbound, machine, races
from bench.figures import Figure, Measurements, absolute_table, figure_table
from bench.options import FULL, QUICK, Options
from bench.paths import BUILD
from bench.processes import BenchmarkError, raise_file_limit

PARTS: dict[str, Callable[[Options], Measurements]] = {
    "inbound": inbound.measure,
    "fan-out": fan_out.measure,
    "emulator": emulator.measure,
    "races": races.measure,
    "first-run": first_run.measure,
}


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Benchmarks of the generated project, as ratios.")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"what to measure: {', '.join(PARTS)} (default: all)")
    parser.add_argument(
        "--quick", action="store_true", help="tiny sizes: shows that everything works, its figures mean little"
    )
    parser.add_argument(
        "--write-docs", action="store_true", help="also write docs/benchmarks.md from the results kept so far"
    )
    arguments = parser.parse_args(given)
    unknown = set(arguments.parts) - set(PARTS)
    if unknown:
        parser.error(f"unknown part {min(unknown)!r}: choose from {', '.join(PARTS)}")
    return arguments


def _keep(measurements: Measurements, *, quick: bool, about: dict[str, str]) -> None:
    """The result file of a part; a quick run does not overwrite a full one."""
    path = BUILD / "results" / f"{measurements.part}{'-quick' if quick else ''}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "part": measurements.part,
        "about": about,
        "figures": [figure.as_json() for figure in measurements.figures],
        "absolutes": measurements.absolutes,
    }
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")


def main(given: Sequence[str] | None = None) -> int:
    """Measure, print, keep. 1 when a full run misses a target."""
    arguments = _arguments(given)
    # Ends like Ctrl-C does, so that servers and workers are stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    raise_file_limit()
    options = QUICK if arguments.quick else FULL
    about = machine.describe()
    missed: list[Figure] = []
    for part in arguments.parts or PARTS:
        print(f"\n## {part}\n", flush=True)
        try:
            measurements = PARTS[part](options)
        except BenchmarkError as error:
            print(f"{part}: {error}", file=sys.stderr)
            return 2
        print(f"{figure_table(measurements.figures)}\n\n{absolute_table(measurements)}", flush=True)
        _keep(measurements, quick=options.quick, about=about)
        missed += [figure for figure in measurements.figures if figure.verdict == "MISSED"]
    print("\n" + "\n".join(f"{key}: {value}" for key, value in about.items()))
    if arguments.write_docs:
        print(f"written: {document.write()}")
    for figure in missed:
        print(f"missed: {figure.part}, {figure.name}: {figure.median:.3g}, wanted {figure.target}")
    return 1 if missed and not options.quick else 0


if __name__ == "__main__":
    sys.exit(main())
