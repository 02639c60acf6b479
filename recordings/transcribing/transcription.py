"""Transcription in core: who transcribes what, how far it is, what was given up.

    recording ended ─▶ queue ─▶ JobPool ◀─ LeaseWork, KeepWork, WorkDone, WorkFailed ─ transcribers
                                   │                        │
                     figures, raise, retry (people)         └─▶ transcript and index in the database

The pool (`transcribing.lease`) decides; this is its way to the database, the journal and the
screens.
"""

import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias, assert_never

from foundation.errors import Conflict, NotFound
from foundation.ids import QueueId, RecordingId
from recordings.events import RecordingEvent, TranscriptFailed, TranscriptReady
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
from recordings.quality.talk import Stretch, Voice
from recordings.recogniser import Word
from recordings.recording import Recording, SideTranscript
from recordings.store import RecordingStore
from recordings.terms import IndexPart
from recordings.transcribing.lease import (
    AttemptFailed,
    Fail,
    Finish,
    JobEffect,
    JobPool,
    JobView,
    Lease,
    Leased,
    LeaseOptions,
    Queue,
    Raise,
    Renew,
    middle,
)
from telephony.calls.events import Side

log = logging.getLogger(__name__)

LATEST_WORKS = 50
"Recordings over which the speed is told."
MOST_JOBS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class WorkerView:
    """A transcriber that was heard of within a lease's time."""

    worker: str
    seen_s: float
    "Ago."


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How transcription stands."""

    waiting: int = 0
    working: int = 0
    failed: int = 0
    "Given up: the dead letters."
    lag_s: float = 0.0
    "Age of the oldest talk that has no transcript yet, from its end; 0: none waits."
    waiting_audio_s: float = 0.0
    "Length of all talks that wait."
    is_resting: bool = False
    "Calls need the machine: nothing is transcribed."
    done: int = 0
    "Since core began, as are the two sums."
    audio_s: float = 0.0
    "Of one channel each: a minute of talk is two minutes."
    cpu_s: float = 0.0
    speed: float | None = None
    "Seconds of one channel for each CPU-second, of the latest recordings; None: none yet."
    workers: tuple[WorkerView, ...] = ()
    jobs: tuple[JobView, ...] = ()
    "The leased ones, then those that wait, in their order; the first of them."


@dataclass(slots=True)
class _Sums:
    done: int = 0
    audio_s: float = 0.0
    cpu_s: float = 0.0
    latest: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=LATEST_WORKS))

    def add(self, audio_s: float, cpu_s: float) -> None:
        self.done += 1
        self.audio_s += audio_s
        self.cpu_s += cpu_s
        self.latest.append((audio_s, cpu_s))

    @property
    def speed(self) -> float | None:
        cpu_s = sum(cpu_s for _, cpu_s in self.latest)
        return sum(audio_s for audio_s, _ in self.latest) / cpu_s if cpu_s else None


KeepVoices: TypeAlias = Callable[[RecordingId, Mapping[Side, Voice]], Awaitable[None]]


class Transcription:
    """Owns the jobs."""

    def __init__(
        self,
        options: LeaseOptions,
        store: RecordingStore,
        publish: Callable[[RecordingEvent], None],
        is_media_near_limit: Callable[[], bool],
        *,
        rest_s: float,
        priority_of: Callable[[QueueId], int],
        utc_now: Callable[[], datetime],
        monotonic_s: Callable[[], float],
        chance: Callable[[], float] = middle,
        archive_key: Callable[[RecordingId], Awaitable[str]],
        keep_voices: KeepVoices | None = None,
    ) -> None:
        """
        rest_s: how long a transcriber waits before it asks again.
        archive_key: where the audio is whose WAV is gone, else ''.
        keep_voices: where what the transcribers measured of the voices goes.
        """
        self._options = options
        self._store = store
        self._publish = publish
        self._is_media_near_limit = is_media_near_limit
        self._rest_s = rest_s
        self._keep_voices = keep_voices
        self._priority_of = priority_of
        self._utc_now = utc_now
        self._monotonic_s = monotonic_s
        self._archive_key = archive_key
        self._jobs = JobPool(options, chance)
        self._seen: dict[str, float] = {}
        self._given_up: set[RecordingId] = set()
        "The dead letters."
        self._sums = _Sums()

    async def open(self) -> None:
        """Takes up what an earlier core left behind."""
        given_up, _ = await self._store.failed()
        self._given_up = {recording.recording_id for recording in given_up}
        for recording in await self._store.queued():
            await self.queue(recording)

    async def queue(self, recording: Recording) -> None:
        """Its talk is over and is to be transcribed."""
        duration_s = recording.duration_s or 0.0
        age_s = (self._utc_now() - recording.started).total_seconds() - duration_s
        job = Queue(
            recording.recording_id,
            recording.attempts,
            self._priority_of(recording.queue)
            if recording.raised_to is None
            else recording.raised_to,
            # The wall clock may have been set meanwhile.
            waited_s=max(0.0, age_s),
            audio_s=duration_s,
        )
        await self._settle(self._jobs.feed(job, self._monotonic_s()))

    def forget(self, recording_id: RecordingId) -> None:
        """Nobody need listen to it any more: it is done, or was deleted."""
        self._jobs.feed(Finish(recording_id), self._monotonic_s())
        self._given_up.discard(recording_id)

    # -- for people --------------------------------------------------------------------------------

    @property
    def unfinished(self) -> int:
        return self._jobs.unfinished

    def progress(self, most_jobs: int = MOST_JOBS_SHOWN) -> Progress:
        """`most_jobs`: that are told one by one."""
        now, sums = self._monotonic_s(), self._sums
        working = self._jobs.leased
        return Progress(
            waiting=self._jobs.unfinished - working,
            working=working,
            failed=len(self._given_up),
            lag_s=self._jobs.oldest_s(now),
            waiting_audio_s=self._jobs.audio_s(),
            is_resting=self._is_media_near_limit(),
            done=sums.done,
            audio_s=sums.audio_s,
            cpu_s=sums.cpu_s,
            speed=sums.speed,
            workers=tuple(self._workers(now)),
            jobs=tuple(self._jobs.views(now, most_jobs)),
        )

    async def raise_priority(self, recording_id: RecordingId, priority: int) -> None:
        """For good: it goes before those of its queue after a restart and a retry, too."""
        if self._jobs.feed(Raise(recording_id, priority), self._monotonic_s()):
            raise NotFound(f"recording {recording_id!r} does not wait for a transcript")
        await self._store.raise_to(recording_id, priority)

    async def retry(self, recording_id: RecordingId) -> None:
        """Gives one that was given up all its attempts again."""
        if not await self._store.requeue(recording_id):
            recording = await self._store.get(recording_id)
            raise Conflict(
                f"the transcript of recording {recording_id!r} was not given up: "
                f"it is {recording.transcript.value}"
            )
        self._given_up.discard(recording_id)
        await self.queue(await self._store.get(recording_id))

    async def retry_all(self, most: int) -> int:
        """How many there were."""
        given_up, _ = await self._store.failed(most)
        for recording in given_up:
            await self.retry(recording.recording_id)
        return len(given_up)

    def _workers(self, now: float) -> Sequence[WorkerView]:
        return [
            WorkerView(worker, now - seen_at)
            for worker, seen_at in sorted(self._seen.items())
            if now - seen_at <= self._options.lease_s
        ]

    # -- for the transcribers ----------------------------------------------------------------------

    async def answer(self, message: Request) -> Reply:
        """Raises `Unavailable` when the database is away; the transcriber then asks again."""
        now = self._monotonic_s()
        self._seen[message.worker] = now
        await self._settle(self._jobs.tick(now))
        match message:
            case LeaseWork(worker=worker, run=run):
                return await self._lease(Lease(worker, run), now)
            case KeepWork(worker=worker, recording_id=recording_id, done=done):
                if self._jobs.feed(Renew(RecordingId(recording_id), worker, done), now):
                    return WorkGone()
                return CarryOn(pause_s=self._rest_s if self._is_media_near_limit() else 0.0)
            case WorkDone():
                await self._keep_transcript(message)
                return Noted()
            case WorkFailed(worker=worker, recording_id=recording_id, sentence=sentence):
                failed = Fail(RecordingId(recording_id), worker, sentence)
                await self._settle(self._jobs.feed(failed, now))
                return Noted()
            case _:
                assert_never(message)

    async def _lease(self, wanted: Lease, now: float) -> Reply:
        if self._is_media_near_limit():
            return NoWork(ask_again_s=self._rest_s)
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
        return NoWork(ask_again_s=self._rest_s)

    async def _keep_transcript(self, work: WorkDone) -> None:
        """The row decides who was first, not the lease: it alone has survived every restart."""
        recording_id = RecordingId(work.recording_id)
        try:
            await self._store.get(recording_id)
        except NotFound:
            return  # deleted while it was listened to
        transcripts = [_to_transcript(side) for side in work.sides]
        parts = {Side(side.side): _to_parts(side) for side in work.sides} if work.indexed else None
        if self._keep_voices is not None:
            await self._keep_voices(recording_id, _voices(work.sides))
        is_first = await self._store.save_transcript(recording_id, transcripts, parts)
        self.forget(recording_id)
        if is_first:
            self._sums.add(work.audio_s, work.cpu_s)
            words = sum(len(side.words) for side in transcripts)
            self._publish(TranscriptReady(recording_id, words))

    async def _settle(self, effects: Sequence[JobEffect]) -> None:
        for effect in effects:
            if isinstance(effect, AttemptFailed):
                log.warning("transcript of %s: %s", effect.recording_id, effect.sentence)
                if effect.final:
                    await self._store.give_up(effect.recording_id, effect.sentence)
                    self._given_up.add(effect.recording_id)
                self._publish(TranscriptFailed(effect.recording_id, effect.sentence, effect.final))


def _voices(sides: Sequence[HeardSide]) -> dict[Side, Voice]:
    return {
        Side(side.side): Voice(
            side.voice.duration_s,
            side.voice.level_dbfs,
            tuple(Stretch(*each) for each in side.voice.stretches),
        )
        for side in sides
        if side.voice is not None
    }


def _to_transcript(side: HeardSide) -> SideTranscript:
    words = tuple(Word(w.text, w.start_s, w.end_s, w.confidence) for w in side.words)
    return SideTranscript(Side(side.side), side.language, words)


def _to_parts(side: HeardSide) -> list[IndexPart]:
    return [IndexPart(part.words, part.letters) for part in side.parts]
