"""The listener process: python -m callcenter.roles listener FOLDER"""

import asyncio
import signal
import sys
from pathlib import Path

from callcenter.configuration.settings import Settings, load
from callcenter.places import Places
from foundation.log import set_up
from recordings.following.listener import ListenerOptions, run_listener
from recordings.transcribing.vosk_recogniser import VoskRecogniser


def options(settings: Settings) -> ListenerOptions:
    places = Places(settings.data_path)
    models = {language: settings.model_path(language) for language in settings.recordings.models}
    return ListenerOptions(
        control=places.listener_socket,
        live=places.live_socket,
        words=places.words_socket,
        models={language: path for language, path in models.items() if path is not None},
        most=settings.speech.most_listened,
        pause_s=settings.speech.answer_pause_s,
    )


async def run(settings: Settings) -> None:
    """Until SIGTERM."""
    work = asyncio.create_task(run_listener(options(settings), VoskRecogniser), name="listener")
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
    await work


def main() -> None:
    set_up("listener")
    settings = load(Path(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    asyncio.run(run(settings))
