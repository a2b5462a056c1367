"""The emulator as the project ships it, with AWS's quotas raised: a benchmark opens more sockets a second than AWS allows.

Usage: emulator_server.py PORT
"""

import asyncio
import signal
import sys

from emulator.memory import tune_garbage_collection
from emulator.server import Emulator
from emulator.switches import Switches

QUOTA = 1_000_000


async def _serve(port: int) -> None:
    switches = Switches(connect_rate=QUOTA, account_rate=QUOTA, account_burst=QUOTA)
    emulator = Emulator(port=port, switches=switches)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await emulator.start()
    tune_garbage_collection()
    await ended.wait()
    await emulator.stop()


asyncio.run(_serve(int(sys.argv[1])))
