"""Where the benchmarks find and keep things."""

from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build" / "bench"
"""Environments, programs, databases and results: all that a run makes, never committed."""
