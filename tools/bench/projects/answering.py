"""How a project's control program talks with the benchmark: one JSON command a line in, one JSON answer a line out.

Imported by programs of two environments, so it needs nothing but the standard library.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any


def answer_commands(**commands: Callable[..., Any]) -> None:
    """Serve until the input ends. A command is an object with its name under "do" and its arguments beside it."""
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        arguments = json.loads(line)
        answer = commands[arguments.pop("do")](**arguments)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def cpu_seconds() -> float:
    """CPU time of this process and of the children it has waited for."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def peak_mebibytes() -> float:
    """The most memory this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """Do the work once; its result, and what it cost."""
    cpu, started = cpu_seconds(), time.perf_counter()
    result = work()
    seconds = time.perf_counter() - started
    return result, {"seconds": seconds, "cpu": cpu_seconds() - cpu, "peak_mib": peak_mebibytes()}
