"""What the archive costs: CPU-seconds per hour of audio, and the room that it saves.

    python -m bench.archive [--minutes 60]

The demo's dialogues are spoken, sent through a G.711 line, and repeated to the wanted length; then
one archiver does all that it does for a recording: encode, peaks, put, read back and compare. The
floor is a copy of the same WAV with fsync. Lines with noise of their own save less.
"""

import argparse
import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.transcribe import cpu_s, write_talks
from recordings import wav
from recordings.archiving.archive import FolderShelf, open_audio
from recordings.archiving.archive_messages import (
    AudioArchived,
    AudioFailed,
    AudioWork,
    Done,
    GoOn,
    LeaseAudio,
    Reply,
    Request,
)
from recordings.archiving.archiver import Archiver, ArchiverOptions
from recordings.playing.audio_files import BLOCK_BYTES, MadeWav

FILE = "day/talk.wav"


class Core:
    """Has one recording to be archived."""

    def __init__(self) -> None:
        self.archived: AudioArchived | None = None

    async def ask(self, message: Request) -> Reply:
        match message:
            case LeaseAudio():
                return AudioWork(recording_id="talk", file=FILE)
            case AudioArchived():
                self.archived = message
            case AudioFailed(sentence=sentence):
                raise RuntimeError(sentence)
            case _:
                return GoOn()
        return Done()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="of a talk")
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory() as name:
        print(measure(Path(name), 60 * minutes))


def measure(folder: Path, wanted_s: float) -> str:
    path = folder / FILE
    path.parent.mkdir()
    write_talks(path, "en", wanted_s)
    hours = wav.inspect(path).duration_s / 3600
    copying_s = cost_s(lambda: copied(path, folder / "copy.wav"))
    core, shelf = Core(), FolderShelf(folder)
    options = ArchiverOptions(worker="archiver", run="1", recordings=folder)
    began = time.perf_counter()
    archiving_s = cost_s(lambda: asyncio.run(Archiver(options, core, shelf).work_once()))
    took_s = time.perf_counter() - began
    archived = core.archived
    assert archived is not None
    serving_s = cost_s(lambda: served(path, shelf, archived.audio_key))
    share = archived.flac_bytes / archived.wav_bytes
    return (
        f"{hours:.2f} h of audio: {archiving_s / hours:.1f} CPU-seconds per hour archived"
        f" ({took_s / hours:.1f} s by the clock; a copy with fsync {copying_s / hours:.2f})\n"
        f"FLAC {share:.3f} of the WAV: {archived.flac_bytes / hours / 1e6:.1f}"
        f" instead of {archived.wav_bytes / hours / 1e6:.1f} MB per hour\n"
        f"served as a WAV again: {serving_s / hours:.1f} CPU-seconds per hour"
    )


def cost_s(do: Callable[[], object]) -> float:
    before = cpu_s()
    do()
    return cpu_s() - before


def copied(path: Path, to: Path) -> None:
    shutil.copyfile(path, to)
    shelf = FolderShelf(to.parent)
    shelf.put(to)


def served(path: Path, shelf: FolderShelf, key: str) -> None:
    file = MadeWav(open_audio(path, shelf, key), b"")
    for at in range(0, file.size, BLOCK_BYTES):
        file.read(at, BLOCK_BYTES)
    file.close()


if __name__ == "__main__":
    main()
