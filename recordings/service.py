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
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn, TypeAlias, assert_never

from foundation import clock
from foundation.errors import NotFound, Unavailable
from foundation.ids import AgentId, CallId, QueueId, RecordingId, new_recording_id
from recordings import wav
from recordings.events import (
    RecordingEnded,
    RecordingEvent,
    RecordingStarted,
    TranscriptFailed,
    TranscriptReady,
)
from recordings.lease import (
    AttemptFailed,
    Fail,
    Finish,
    JobEffect,
    JobPool,
    Lease,
    Leased,
    Queue,
    Renew,
)
from recordings.messages import (
    CarryOn,
    HeardSide,
    KeepWork,
    LeaseWork,
    Noted,
    NoWork,
    Reply,
    Request,
    Work,
    WorkDone,
    WorkFailed,
    WorkGone,
)
from recordings.options import RecordingOptions
from recordings.recogniser import Word
from recordings.recording import Recording, SideTranscript, TranscriptState
from recordings.store import RecordingStore
from telephony.calls.events import Side

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Add:
    recording: Recording


@dataclass(frozen=True, slots=True)
class _End:
    recording_id: RecordingId
    frames: int
    complete: bool


@dataclass(frozen=True, slots=True)
class _Other:
    work: Callable[[], Awaitable[None]]


_Chore: TypeAlias = _Add | _End | _Other


async def _nothing(_recording: Recording, _info: wav.WavInfo) -> None:
    """Nobody keeps the audio but the WAV."""


async def _no_key(_recording_id: RecordingId) -> str:
    return ""


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
        finish: Callable[[Recording, wav.WavInfo], Awaitable[None]] = _nothing,
        archive_key: Callable[[RecordingId], Awaitable[str]] = _no_key,
    ) -> None:
        """`finish` is done with each file that was repaired, before its end is told; it may be done
        again after a kill. `archive_key`: where the audio is when its WAV is gone, else ''."""
        self._options = options
        self._store = store
        self._publish = publish
        self._is_media_near_limit = is_media_near_limit
        self._utc_now = utc_now
        self._monotonic_s = monotonic_s
        self._finish = finish
        self._archive_key = archive_key
        self._jobs = JobPool(options.lease)
        self._chores: asyncio.Queue[_Chore] = asyncio.Queue(options.max_chores)

    # -- for whoever conducts the call -------------------------------------------------------------

    def start(
        self, call_id: CallId, agent_id: AgentId, queue: QueueId, languages: tuple[str, str]
    ) -> tuple[RecordingId, str]:
        """A talk begins; `languages` of the caller's side and the agent's.

        Returns the recording's id and the absolute path that the media worker is to write; it
        makes the day's folder too, because this side must not wait for a disk.
        """
        now = self._utc_now()
        recording_id = new_recording_id()
        day = now.astimezone(self._options.timezone).date()
        file = f"{day.isoformat()}/{recording_id}.wav"
        self._publish(RecordingStarted(recording_id, call_id, agent_id, queue, file, languages))
        self._put(
            _Add(
                Recording(
                    recording_id=recording_id,
                    call_id=call_id,
                    agent_id=agent_id,
                    queue=queue,
                    file=file,
                    started=now,
                    languages=languages,
                )
            )
        )
        return recording_id, str(self._options.path.absolute() / file)

    def end(self, recording_id: RecordingId, frames: int, complete: bool) -> None:
        """The media worker closed the file.

        `frames`: samples per channel that it wrote; a file that holds fewer is not complete.
        """
        self._put(_End(recording_id, frames, complete))

    def also(self, work: Callable[[], Awaitable[None]]) -> None:
        """To be done after what was told so far is in the database; it may raise `Unavailable`."""
        self._put(_Other(work))

    @property
    def waiting_for_transcript(self) -> int:
        return self._jobs.unfinished

    # -- life --------------------------------------------------------------------------------------

    async def open(self, still_running: Collection[RecordingId] = ()) -> None:
        """To be awaited before the first `start`: takes up what an earlier core left behind.

        `still_running`: recordings that a media worker goes on writing.
        """
        for recording in await self._store.queued():
            await self._queue_job(recording)
        for recording in await self._store.open_recordings():
            if recording.recording_id not in still_running:
                await self._end(_End(recording.recording_id, frames=0, complete=False))

    async def adopt(self, started: RecordingStarted) -> Recording | None:
        """Before `open`, each recording that the journal shows as begun and not ended.

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
                started=self._utc_now(),
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
        """Does the chores until it is cancelled."""
        while True:
            chore = await self._chores.get()
            await self._do_at_last(chore)
            self._chores.task_done()

    async def finish_chores(self) -> None:
        """Waits until everything told so far is on disk; for an orderly end."""
        await self._chores.join()

    # -- for the transcribers ----------------------------------------------------------------------

    async def answer(self, message: Request) -> Reply:
        """Raises `Unavailable` when the database is away; the transcriber then asks again."""
        now = self._monotonic_s()
        await self._settle(self._jobs.tick(now))
        match message:
            case LeaseWork(worker=worker, run=run):
                return await self._lease(Lease(worker, run), now)
            case KeepWork(worker=worker, recording_id=recording_id):
                if self._jobs.feed(Renew(RecordingId(recording_id), worker), now):
                    return WorkGone()
                return CarryOn(pause_s=self._options.rest_s if self._is_media_near_limit() else 0.0)
            case WorkDone(recording_id=recording_id, sides=sides):
                await self._keep_transcript(RecordingId(recording_id), sides, now)
                return Noted()
            case WorkFailed(worker=worker, recording_id=recording_id, sentence=sentence):
                failed = Fail(RecordingId(recording_id), worker, sentence)
                await self._settle(self._jobs.feed(failed, now))
                return Noted()
            case _:
                assert_never(message)

    async def _lease(self, wanted: Lease, now: float) -> Reply:
        if self._is_media_near_limit():
            return NoWork(ask_again_s=self._options.rest_s)
        effects = self._jobs.feed(wanted, now)
        await self._settle(effects)
        for effect in effects:
            if isinstance(effect, Leased):
                await self._store.count_attempt(effect.recording_id, effect.attempt)
                recording = await self._store.get(effect.recording_id)
                return Work(
                    recording_id=recording.recording_id,
                    file=recording.file,
                    languages=recording.languages,
                    archive_key=await self._archive_key(effect.recording_id),
                )
        return NoWork(ask_again_s=self._options.rest_s)

    async def _keep_transcript(
        self, recording_id: RecordingId, sides: list[HeardSide], now: float
    ) -> None:
        """The row decides who was first, not the lease: it alone has survived every restart."""
        transcripts = [_to_transcript(side) for side in sides]
        is_first = await self._store.save_transcript(recording_id, transcripts)
        self._jobs.feed(Finish(recording_id), now)
        if is_first:
            words = sum(len(side.words) for side in transcripts)
            self._publish(TranscriptReady(recording_id, words))

    async def _settle(self, effects: list[JobEffect]) -> None:
        for effect in effects:
            if isinstance(effect, AttemptFailed):
                log.warning("transcript of %s: %s", effect.recording_id, effect.sentence)
                if effect.final:
                    await self._store.give_up(effect.recording_id, effect.sentence)
                self._publish(TranscriptFailed(effect.recording_id, effect.sentence, effect.final))

    async def _queue_job(self, recording: Recording) -> None:
        job = Queue(recording.recording_id, recording.attempts)
        await self._settle(self._jobs.feed(job, self._monotonic_s()))

    # -- chores ------------------------------------------------------------------------------------

    def _put(self, chore: _Chore) -> None:
        try:
            self._chores.put_nowait(chore)
        except asyncio.QueueFull:
            log.error("the disk does not keep up; left for the next start: %r", chore)

    async def _do_at_last(self, chore: _Chore) -> None:
        """A database that is away is waited for: a recording without its row would be lost."""
        while True:
            try:
                return await self._do(chore)
            except Unavailable as error:
                log.warning("recordings wait for the database: %s", error)
                await asyncio.sleep(self._options.retry_s)

    async def _do(self, chore: _Chore) -> None:
        match chore:
            case _Add(recording):
                await self._store.add(recording)
            case _End():
                await self._end(chore)
            case _Other(work):
                await work()
            case _:
                assert_never(chore)

    async def _end(self, end: _End) -> None:
        try:
            recording = await self._store.get(end.recording_id)
        except NotFound:
            log.error("a recording ended that nobody started: %s", end.recording_id)
            return
        if not recording.is_open:
            return
        info = await asyncio.to_thread(self._repair, recording)
        frames, duration_s = (info.frames, info.duration_s) if info else (0, 0.0)
        if info is not None and frames:
            await self._finish(recording, info)
        complete = end.complete and info is not None and frames >= end.frames
        is_wanted = self._options.transcribe and frames > 0
        state = TranscriptState.QUEUED if is_wanted else TranscriptState.NONE
        await self._store.end(recording.recording_id, duration_s, complete, state)
        self._publish(RecordingEnded(recording.recording_id, duration_s, complete))
        if is_wanted:
            await self._queue_job(recording)

    def _repair(self, recording: Recording) -> wav.WavInfo | None:
        """None when there is nothing to be had of the file."""
        try:
            return wav.repair(self._options.path / recording.file)
        except (wav.UnreadableWav, OSError) as error:
            log.error("recording %s is lost: %s", recording.recording_id, error)
            return None


def _to_transcript(side: HeardSide) -> SideTranscript:
    words = tuple(Word(w.text, w.start_s, w.end_s, w.confidence) for w in side.words)
    return SideTranscript(Side(side.side), side.language, words)
