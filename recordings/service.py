"""Recordings in core: from the start of a talk to its transcript in the database.

    start ──▶ media worker writes the WAV ──▶ end ──▶ repaired, RecordingEnded ──▶ job queued
                                                            ▲                        │
    open (after a crash) ───────────────────────────────────┘       transcriber leases it, brings
                                                                    words: TranscriptReady

What conducts calls (`start`, `end`) returns at once and never touches a disk; the work is done by
`run` in order. `answer` is for the transcribers' requests, and replies when the outcome is on disk.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NoReturn, TypeAlias

from foundation import clock
from foundation.errors import NotFound, Unavailable
from foundation.ids import (
    AgentId,
    CallId,
    QueueId,
    RecordingId,
    new_message_id,
    new_recording_id,
)
from recordings import wav
from recordings.events import RecordingDeleted, RecordingEnded, RecordingEvent, RecordingStarted
from recordings.lease import middle
from recordings.messages import Reply, Request
from recordings.options import RecordingOptions
from recordings.recording import Recording, TranscriptState
from recordings.store import Ended, RecordingStore
from recordings.transcription import MOST_JOBS_SHOWN, KeepVoices, Progress, Transcription

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Add:
    recording: Recording

    @property
    def recording_id(self) -> RecordingId:
        return self.recording.recording_id


@dataclass(frozen=True, slots=True)
class _End:
    recording_id: RecordingId
    frames: int
    complete: bool


@dataclass(frozen=True, slots=True)
class _Other:
    work: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Classify:
    call_id: CallId
    kind: str
    name: str


_Chore: TypeAlias = _Add | _End | _Classify | _Other


Closed: TypeAlias = tuple[Recording, wav.WavInfo]
"A recording that has ended, and what its repaired file holds."


async def _nothing(_closed: Sequence[Closed]) -> None:
    """Nobody keeps the audio but the WAV."""


async def _no_key(_recording_id: RecordingId) -> str:
    return ""


def usual(_: QueueId) -> int:
    """The priority of every queue that says nothing."""
    return 0


class RecordingService:
    """Owns the recordings' folder, rows and jobs. `publish` takes every fact to the journal."""

    def __init__(
        self,
        options: RecordingOptions,
        store: RecordingStore,
        publish: Callable[[RecordingEvent], None],
        is_media_near_limit: Callable[[], bool],
        utc_now: Callable[[], datetime] = clock.utc_now,
        monotonic_s: Callable[[], float] = clock.monotonic_s,
        priority_of: Callable[[QueueId], int] = usual,
        chance: Callable[[], float] = middle,
        keep_voices: KeepVoices | None = None,
        finish: Callable[[Sequence[Closed]], Awaitable[None]] = _nothing,
        archive_key: Callable[[RecordingId], Awaitable[str]] = _no_key,
    ) -> None:
        """
        priority_of: which queue's talks are transcribed first; `chance`: 0 to 1.
        keep_voices: where what the transcribers measured of the voices goes.
        finish: done with the files that were repaired, before their end is told; and again after a
            kill.
        archive_key: where the audio is when its WAV is gone, else ''.
        """
        self._options = options
        self._store = store
        self._publish = publish
        self._utc_now = utc_now
        self._finish = finish
        self._running: dict[RecordingId, Recording] = {}
        "Begun by this process and not ended."
        self.transcription = Transcription(
            options.lease,
            store,
            publish,
            is_media_near_limit,
            rest_s=options.rest_s,
            priority_of=priority_of,
            utc_now=utc_now,
            monotonic_s=monotonic_s,
            chance=chance,
            archive_key=archive_key,
            keep_voices=keep_voices,
        )
        self._chores: asyncio.Queue[_Chore] = asyncio.Queue(options.max_chores)

    # -- for whoever conducts the call -------------------------------------------------------------

    def start(
        self, call_id: CallId, agent_id: AgentId, queue: QueueId, languages: tuple[str, str]
    ) -> tuple[RecordingId, str]:
        """A talk begins; `languages` of the caller's side and the agent's.

        Returns the recording's id and the absolute path that the media worker is to write; it
        makes the day's folder too, because this side must not wait for a disk.
        """
        recording_id = new_recording_id()
        file = self._add(recording_id, call_id, agent_id, queue, languages)
        self._publish(RecordingStarted(recording_id, call_id, agent_id, queue, file, languages))
        return recording_id, str(self._options.path.absolute() / file)

    def start_message(
        self, call_id: CallId, queue: QueueId, language: str
    ) -> tuple[RecordingId, str]:
        """A caller speaks to nobody; what is left of it is told as of a talk (`RecordingEnded`)."""
        recording_id = new_message_id()
        file = self._add(recording_id, call_id, AgentId(""), queue, (language, language))
        return recording_id, str(self._options.path.absolute() / file)

    def _add(
        self,
        recording_id: RecordingId,
        call_id: CallId,
        agent_id: AgentId,
        queue: QueueId,
        languages: tuple[str, str],
    ) -> str:
        """Its file, relative to the recordings' folder."""
        now = self._utc_now()
        day = now.astimezone(self._options.timezone).date()
        file = f"{day.isoformat()}/{recording_id}.wav"
        recording = Recording(
            recording_id=recording_id,
            call_id=call_id,
            agent_id=agent_id,
            queue=queue,
            file=file,
            started=now,
            languages=languages,
        )
        self._running[recording_id] = recording
        self._put(_Add(recording))
        return file

    def end(self, recording_id: RecordingId, frames: int, complete: bool) -> None:
        """The media worker closed the file.

        `frames`: samples per channel that it wrote; a file that holds fewer is not complete.
        """
        self._put(_End(recording_id, frames, complete))

    def also(self, work: Callable[[], Awaitable[None]]) -> None:
        """To be done after what was told so far is in the database; it may raise `Unavailable`."""
        self._put(_Other(work))

    def classify(self, call_id: CallId, kind: str, name: str) -> None:
        """What a call was about, for the search; passed over for a call without a recording."""
        self._put(_Classify(call_id, kind, name))

    def on_event(self, event: object) -> None:
        """Told by the vault."""
        if isinstance(event, RecordingDeleted):
            self.transcription.forget(event.recording_id)

    @property
    def waiting_for_transcript(self) -> int:
        return self.transcription.unfinished

    def progress(self, most_jobs: int = MOST_JOBS_SHOWN) -> Progress:
        return self.transcription.progress(most_jobs)

    # -- life --------------------------------------------------------------------------------------

    async def open(self, still_running: Collection[RecordingId] = ()) -> None:
        """To be awaited before the first `start`: takes up what an earlier core left behind.

        `still_running`: recordings that a media worker goes on writing.
        """
        await self.transcription.open()
        left = await self._store.open_recordings()
        ids = [each.recording_id for each in left if each.recording_id not in still_running]
        await self._end([_End(recording_id, frames=0, complete=False) for recording_id in ids])

    async def adopt(self, started: RecordingStarted, began: datetime) -> Recording | None:
        """Before `open`, each recording that the journal shows as begun and not ended, and when.

        Journal and rows are written one after the other: what only one has, the other gets. None
        for one that has its end.
        """
        try:
            recording = await self._store.get(started.recording_id)
        except NotFound:
            recording = Recording(
                recording_id=started.recording_id,
                call_id=started.call_id,
                agent_id=started.agent_id,
                queue=started.queue,
                file=started.file,
                started=began,
                languages=started.languages,
            )
            await self._store.add(recording)
            return recording
        if not recording.is_open:
            duration_s, complete = recording.duration_s or 0.0, bool(recording.complete)
            self._publish(RecordingEnded(recording.recording_id, duration_s, complete))
            return None
        return recording

    async def run(self) -> NoReturn:
        """Does the chores until it is cancelled: at once after a quiet, in a busy house those of
        `collect_s` together."""
        loop = asyncio.get_running_loop()
        done_at = loop.time() - self._options.collect_s
        while True:
            chores = [await self._chores.get()]
            await asyncio.sleep(done_at + self._options.collect_s - loop.time())
            while not self._chores.empty():
                chores.append(self._chores.get_nowait())
            await self._do_at_last(chores)
            done_at = loop.time()
            for _ in chores:
                self._chores.task_done()

    async def finish_chores(self) -> None:
        """Waits until everything told so far is on disk; for an orderly end."""
        await self._chores.join()

    async def answer(self, message: Request) -> Reply:
        """A transcriber's request; raises `Unavailable` when the database is away."""
        return await self.transcription.answer(message)

    # -- chores ------------------------------------------------------------------------------------

    def _put(self, chore: _Chore) -> None:
        try:
            self._chores.put_nowait(chore)
        except asyncio.QueueFull:
            log.error("the disk does not keep up; left for the next start: %r", chore)
            if isinstance(chore, _Add | _End):
                self._running.pop(chore.recording_id, None)

    async def _do_at_last(self, chores: Sequence[_Chore]) -> None:
        """A database that is away is waited for: a recording without its row would be lost."""
        while True:
            try:
                return await self._do(chores)
            except Unavailable as error:
                log.warning("recordings wait for the database: %s", error)
                await asyncio.sleep(self._options.retry_s)

    async def _do(self, chores: Sequence[_Chore]) -> None:
        """All beginnings before all ends: no recording ends before it begins."""
        begun = [chore.recording for chore in chores if isinstance(chore, _Add)]
        if begun:
            await self._store.add(*begun)
        for chore in chores:
            if isinstance(chore, _Other):
                await chore.work()
        await self._end([chore for chore in chores if isinstance(chore, _End)])
        classes = [
            (chore.call_id, chore.kind, chore.name)
            for chore in chores
            if isinstance(chore, _Classify)
        ]
        if classes:
            await self._store.classify(*classes)

    async def _end(self, ends: Sequence[_End]) -> None:
        """Of two ends of a recording the first counts."""
        closing: dict[RecordingId, tuple[_End, Recording]] = {}
        for end in ends:
            recording = await self._find_open(end.recording_id)
            if recording is not None:
                closing.setdefault(end.recording_id, (end, recording))
        if not closing:
            return
        infos = await asyncio.to_thread(self._repair, [each for _, each in closing.values()])
        closed = [
            (recording, info)
            for (_, recording), info in zip(closing.values(), infos, strict=True)
            if info is not None and info.frames
        ]
        if closed:
            await self._finish(closed)
        ended = [
            self._ended(end, info) for (end, _), info in zip(closing.values(), infos, strict=True)
        ]
        await self._store.end(*ended)
        for each in ended:
            recording = closing[each.recording_id][1]
            self._running.pop(each.recording_id, None)
            self._publish(RecordingEnded(each.recording_id, each.duration_s, each.complete))
            if each.transcript is TranscriptState.QUEUED:
                await self.transcription.queue(replace(recording, duration_s=each.duration_s))

    async def _find_open(self, recording_id: RecordingId) -> Recording | None:
        if recording_id in self._running:
            return self._running[recording_id]
        try:
            recording = await self._store.get(recording_id)
        except NotFound:
            log.error("a recording ended that nobody started: %s", recording_id)
            return None
        return recording if recording.is_open else None

    def _ended(self, end: _End, info: wav.WavInfo | None) -> Ended:
        frames, duration_s = (info.frames, info.duration_s) if info else (0, 0.0)
        complete = end.complete and info is not None and frames >= end.frames
        is_wanted = self._options.transcribe and frames > 0
        state = TranscriptState.QUEUED if is_wanted else TranscriptState.NONE
        return Ended(end.recording_id, duration_s, complete, state)

    def _repair(self, recordings: Iterable[Recording]) -> list[wav.WavInfo | None]:
        """In a thread; None for a file of which there is nothing to be had."""
        return [self._repair_one(recording) for recording in recordings]

    def _repair_one(self, recording: Recording) -> wav.WavInfo | None:
        try:
            return wav.repair(self._options.path / recording.file)
        except (wav.UnreadableWav, OSError) as error:
            log.error("recording %s is lost: %s", recording.recording_id, error)
            return None
