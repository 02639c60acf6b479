"""The archiver: makes a FLAC and the peaks of an ended recording, and proves it before it tells.

    lease ─▶ read the WAV, write FLAC and peaks aside ─▶ put both on the shelf (fsync)
          ─▶ read the FLAC back from the shelf, sample for sample ─▶ AudioArchived ─▶ core removes

It runs in a process of its own with a low claim on the processor, does a minute of audio at a time
and rests when core says that the media workers need the machine. It keeps nothing: killed at any
moment, the WAV is there still, and the next one begins anew.
"""

import asyncio
import logging
import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np

from foundation.errors import CallCentreError, ConfigurationError, Conflict, Unavailable
from recordings.archiving.archive import Audio, Shelf, WavAudio
from recordings.archiving.archive_messages import (
    ArchiveCore,
    AudioArchived,
    AudioFailed,
    AudioWork,
    GoOn,
    KeepAudio,
    LeaseAudio,
    NoAudio,
    Reply,
    Request,
)
from recordings.archiving.flac import FlacAudio, FlacFile
from recordings.archiving.peaks import PeakFinder

log = logging.getLogger(__name__)

STAGING = ".archive"
"Folder beside the days, for what is not on the shelf yet; emptied at each start."


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiverOptions:
    worker: str
    run: str
    recordings: Path
    niceness: int = 12
    "A little nicer than the transcriber, for which somebody waits."
    piece_s: float = 60.0
    "Audio between two questions to core; 20 ms of work."
    core_away_s: float = 1.0


class NotTheSame(Conflict):
    """What is on the shelf is not what was put there."""


class _LostWork(Exception):
    """Core gave the recording to somebody else."""


class Archiver:
    """Archives one recording after the other."""

    def __init__(
        self,
        options: ArchiverOptions,
        core: ArchiveCore,
        shelf: Shelf,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._options = options
        self._core = core
        self._shelf = shelf
        self._sleep = sleep
        self._staging = options.recordings / STAGING

    async def run(self) -> NoReturn:
        shutil.rmtree(self._staging, ignore_errors=True)
        while True:
            await self._sleep(await self.work_once())

    async def work_once(self) -> float:
        """Does one recording if there is one; returns how many seconds to wait before the next."""
        reply = await self._ask(LeaseAudio(worker=self._options.worker, run=self._options.run))
        match reply:
            case AudioWork():
                await self._archive(reply)
                return 0.0
            case NoAudio(ask_again_s=wait_s):
                return wait_s
            case _:
                raise TypeError(f"core answered LeaseAudio with {reply!r}")

    async def _archive(self, work: AudioWork) -> None:
        try:
            told: Request = await self._make(work)
        except _LostWork:
            log.info("%s was given to another archiver", work.recording_id)
            return
        except (CallCentreError, OSError) as error:
            log.warning("%s cannot be archived: %s", work.recording_id, error)
            told = AudioFailed(
                worker=self._options.worker,
                recording_id=work.recording_id,
                sentence=str(error),
                is_passing=isinstance(error, OSError | ConfigurationError),
            )
        await self._ask(told)

    async def _make(self, work: AudioWork) -> AudioArchived:
        wav_file = self._options.recordings / work.file
        flac = (self._staging / work.file).with_suffix(".flac")
        peaks = flac.with_suffix(".peaks")
        flac.parent.mkdir(parents=True, exist_ok=True)
        with WavAudio(wav_file) as audio:
            peaks.write_bytes(await self._encode(work, audio, flac))
            wav_bytes, flac_bytes = wav_file.stat().st_size, flac.stat().st_size
            audio_key = await asyncio.to_thread(self._shelf.put, flac)
            peaks_key = await asyncio.to_thread(self._shelf.put, peaks)
            await self._verify(work, audio, audio_key)
        log.info("> archive of %s: %d of %d bytes", work.recording_id, flac_bytes, wav_bytes)
        return AudioArchived(
            worker=self._options.worker,
            recording_id=work.recording_id,
            audio_key=audio_key,
            peaks_key=peaks_key,
            wav_bytes=wav_bytes,
            flac_bytes=flac_bytes,
        )

    async def _encode(self, work: AudioWork, audio: Audio, flac: Path) -> bytes:
        """Gives the peaks."""
        finder = PeakFinder(audio.rate, audio.channels)
        file = FlacFile(flac, audio.rate, audio.channels, work.comment)

        def encode(start: int, count: int) -> None:
            frames = audio.read(start, count)
            file.write(frames)
            finder.feed(frames)

        try:
            await self._by_pieces(work, audio, encode)
        finally:
            file.close()
        return finder.finish()

    async def _verify(self, work: AudioWork, audio: Audio, key: str) -> None:
        with FlacAudio(await asyncio.to_thread(self._shelf.open, key), key) as kept:
            if (kept.frames, kept.rate) != (audio.frames, audio.rate):
                raise NotTheSame(f"{key} has {kept.frames} frames, the WAV has {audio.frames}")

            def compare(start: int, count: int) -> None:
                if not np.array_equal(kept.read(start, count), audio.read(start, count)):
                    raise NotTheSame(f"{key} differs from the WAV after frame {start}")

            await self._by_pieces(work, audio, compare)

    async def _by_pieces(
        self, work: AudioWork, audio: Audio, do: Callable[[int, int], None]
    ) -> None:
        count = int(audio.rate * self._options.piece_s)
        for start in range(0, audio.frames, count):
            await asyncio.to_thread(do, start, count)
            await self._keep(work)

    async def _keep(self, work: AudioWork) -> None:
        """Renews the lease, and rests for as long as core has no processor to spare."""
        message = KeepAudio(worker=self._options.worker, recording_id=work.recording_id)
        while isinstance(reply := await self._ask(message), GoOn):
            if not reply.pause_s:
                return
            await self._sleep(reply.pause_s)
        raise _LostWork

    async def _ask(self, message: Request) -> Reply:
        while True:
            try:
                return await self._core.ask(message)
            except Unavailable as error:
                log.info("core is away: %s", error)
                await self._sleep(self._options.core_away_s)


async def run_archiver(options: ArchiverOptions, core: ArchiveCore, shelf: Shelf) -> NoReturn:
    """The body of the archiver's process."""
    os.nice(options.niceness)
    await Archiver(options, core, shelf).run()
