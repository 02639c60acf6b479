"""The archiver process: python -m callcenter.roles archiver FOLDER"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from callcenter.configuration.settings import Settings, load
from callcenter.configuration.shelves import moving_shelf
from callcenter.core_line import ArchiverLine
from callcenter.places import Places
from callcenter.rules.recordings import archive_shelf
from foundation.log import set_up
from recordings.archiving.archiver import ArchiverOptions, run_archiver
from recordings.archiving.mover import Mover, MoverOptions


def options(settings: Settings) -> ArchiverOptions:
    return ArchiverOptions(
        worker="archiver", run=str(os.getpid()), recordings=settings.recordings_path
    )


async def run(settings: Settings) -> None:
    """Until SIGTERM; work under way is done again by whoever comes next."""
    line = ArchiverLine(Places(settings.data_path).core_socket)
    work = asyncio.create_task(archive_and_move(settings, line), name="archiver")
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
    await asyncio.wait({work})
    await line.close()
    if not work.cancelled():
        work.result()


async def archive_and_move(settings: Settings, line: ArchiverLine) -> None:
    """Moving waits for a store, archiving for nobody: neither waits for the other."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(
            run_archiver(options(settings), line, archive_shelf(settings)), name="archive"
        )
        if (shelf := moving_shelf(settings)) is not None:
            mover = Mover(MoverOptions(worker="archiver"), line, shelf)
            tasks.create_task(mover.run(), name="move")


def main() -> None:
    set_up("archiver")
    settings = load(Path(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    asyncio.run(run(settings))
