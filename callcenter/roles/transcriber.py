"""The transcriber process: python -m callcenter.roles transcriber FOLDER"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from callcenter.configuration.settings import Settings, load
from callcenter.core_line import TranscriberLine
from callcenter.places import Places
from callcenter.rules.recordings import archive_shelf
from foundation.log import set_up
from recordings.transcribing.transcriber import TranscriberOptions, run_transcriber
from recordings.transcribing.vosk_recogniser import VoskRecogniser


def options(settings: Settings) -> TranscriberOptions:
    models = {language: settings.model_path(language) for language in settings.recordings.models}
    return TranscriberOptions(
        worker="transcriber",
        run=str(os.getpid()),
        recordings=settings.recordings_path,
        shelf=archive_shelf(settings),
        models={language: path for language, path in models.items() if path is not None},
    )


async def run(settings: Settings) -> None:
    """Until SIGTERM; work under way is done again by whoever comes next."""
    line = TranscriberLine(Places(settings.data_path).core_socket)
    work = asyncio.create_task(
        run_transcriber(options(settings), line, VoskRecogniser), name="transcriber"
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
    await asyncio.wait({work})
    await line.close()
    if not work.cancelled():
        work.result()


def main() -> None:
    set_up("transcriber")
    settings = load(Path(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    asyncio.run(run(settings))
