"""An archive on a disk: real store, desk, archiver and shelf; killed where a test wants."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from foundation.ids import RecordingId
from recordings.archiving.archive import Audio, FolderShelf, Samples, open_audio
from recordings.archiving.archive_desk import ArchiveDesk
from recordings.archiving.archive_messages import Reply, Request
from recordings.archiving.archive_options import ArchiveOptions
from recordings.archiving.archive_store import ArchiveStore
from recordings.archiving.archiver import Archiver, ArchiverOptions
from recordings.marking.marks_store import MarkStore
from recordings.recording import TranscriptState
from recordings.store import Ended, RecordingStore
from tests.support.recording_fakes import STARTED, recording
from tests.support.telephone_speech import write_wav


class Killed(BaseException):
    """kill -9, as far as one process can play it: nothing after it is done."""


@dataclass
class Fate:
    """Counts the steps that change or ask something, and kills before the one that it is to."""

    kill_before: int = 0
    "0: never."
    steps: int = 0

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.kill_before:
            raise Killed


class MortalShelf(FolderShelf):
    def __init__(self, folder: Path, fate: Fate) -> None:
        super().__init__(folder)
        self._fate = fate

    def put(self, path: Path) -> str:
        self._fate.step()
        key = super().put(path)
        self._fate.step()
        return key

    def open(self, key: str) -> BinaryIO:
        self._fate.step()
        return super().open(key)


@dataclass
class ArchiveHouse:
    folder: Path
    sessions: async_sessionmaker[AsyncSession]
    now: float = 100.0
    is_media_busy: bool = False
    transcribe: bool = False
    plain_at_most_s: float | None = None
    age_s: float = 0.0
    "Of all talks."
    fate: Fate = field(default_factory=Fate)
    slept: list[float] = field(default_factory=list)
    runs: int = 0

    def __post_init__(self) -> None:
        self.recordings = RecordingStore(self.sessions)
        self.archives = ArchiveStore(self.sessions)
        self.marks = MarkStore(self.sessions)
        self.shelf = FolderShelf(self.folder)
        self.restart_core()

    def restart_core(self) -> None:
        async def comment_of(recording_id: RecordingId) -> str:
            marks = await self.marks.of(recording_id)
            return " ".join(mark.label for mark in marks)

        self.desk = ArchiveDesk(
            ArchiveOptions(
                recordings=self.folder,
                transcribe=self.transcribe,
                plain_at_most_s=self.plain_at_most_s,
            ),
            self.archives,
            comment_of,
            lambda: self.is_media_busy,
            lambda: self.now,
            utc_now=lambda: STARTED + timedelta(seconds=self.age_s),
        )

    async def ended(
        self,
        number: int,
        frames: Samples,
        state: TranscriptState = TranscriptState.NONE,
    ) -> RecordingId:
        stored = recording(number)
        await self.recordings.add(stored)
        write_wav(self.folder / stored.file, frames)
        await self.archives.queue(stored.recording_id)
        await self.recordings.end(Ended(stored.recording_id, len(frames) / 8000, True, state))
        return stored.recording_id

    async def ask(self, message: Request) -> Reply:
        """The archiver's line to core."""
        self.fate.step()
        reply = await self.desk.answer(message)
        self.fate.step()
        return reply

    def archiver(self) -> Archiver:
        """A new run of its process."""
        self.runs += 1
        options = ArchiverOptions(
            worker="archiver", run=str(self.runs), recordings=self.folder, piece_s=1.0
        )
        return Archiver(options, self, MortalShelf(self.folder, self.fate), self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        self.is_media_busy = False

    async def audio(self, number: int) -> Audio:
        """As a reader finds it now."""
        archived = await self.archives.find(RecordingId(f"r-{number}"))
        key = "" if archived is None else archived.audio_key
        return open_audio(self.folder / recording(number).file, self.shelf, key)

    async def frames(self, number: int) -> Samples:
        with await self.audio(number) as audio:
            return audio.read(0, audio.frames)


def voices(seconds: float, seed: int = 1) -> Samples:
    """Noise in two channels, loud and soft by turns, up to the ends of 16 bits."""
    random = np.random.default_rng(seed)
    count = int(seconds * 8000)
    level = np.repeat(random.choice([0, 60, 3000, 40000], count // 400 + 1), 400)[:count]
    noise = random.normal(0, 1, (count, 2)) * level[:, None]
    spoken: Samples = np.clip(noise, -32768, 32767).astype(np.int16)
    return spoken
