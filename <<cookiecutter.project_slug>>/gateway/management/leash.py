"""Kills the process groups named on its standard input once that ends: whoever started them was killed, and could not stop them.

A number a line: a group to kill, or, with a minus, one that has ended. `gateway.management.processes.Leash` runs it.
"""

import contextlib
import os
import signal
import sys


def main() -> None:
    groups: set[int] = set()
    for line in sys.stdin:
        number = int(line)
        groups = groups | {number} if number > 0 else groups - {-number}
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
