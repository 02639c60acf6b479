"""The archiver process: python -m callcenter.roles archiver FOLDER"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from callcenter.core_line import ArchiverLine
from callcenter.places import Places
from callcenter.rules import archive_shelf
from callcenter.settings import Settings, load
from foundation.log import set_up
from recordings.archiver import ArchiverOptions, run_archiver


def options(settings: Settings) -> ArchiverOptions:
    return ArchiverOptions(
        worker="archiver", run=str(os.getpid()), recordings=settings.recordings_path
    )


async def run(settings: Settings) -> None:
    """Until SIGTERM; work under way is done again by whoever comes next."""
    line = ArchiverLine(Places(settings.data_path).core_socket)
    work = asyncio.create_task(
        run_archiver(options(settings), line, archive_shelf(settings)), name="archiver"
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
    await asyncio.wait({work})
    await line.close()
    if not work.cancelled():
        work.result()


def main() -> None:
    set_up("archiver")
    settings = load(Path(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    asyncio.run(run(settings))
