"""Recordings in core: every talk gets its file, its end, its transcript, crash or not."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest

from foundation.db import Sessions
from foundation.errors import Conflict, NotFound, Unavailable
from foundation.ids import AgentId, CallId, QueueId, RecordingId
from recordings.events import (
    DeletedFor,
    RecordingDeleted,
    RecordingEnded,
    RecordingEvent,
    RecordingStarted,
    TranscriptFailed,
    TranscriptReady,
)
from recordings.lease import LeaseOptions
from recordings.messages import (
    CarryOn,
    HeardSide,
    HeardWord,
    KeepWork,
    LeaseWork,
    Noted,
    NoWork,
    Work,
    WorkDone,
    WorkFailed,
    WorkGone,
)
from recordings.options import RecordingOptions
from recordings.quality.store import QualityStore
from recordings.recording import Recording, TranscriptState
from recordings.search_store import SearchStore
from recordings.service import RecordingService
from recordings.store import Ended, RecordingStore
from recordings.vault_store import VaultStore
from tests.support.database import fresh_sessions, sqlite_file
from tests.support.telephone_speech import write_wav

LATE_EVENING = datetime(2026, 3, 1, 20, 30, tzinfo=UTC)
"In Shanghai it is half past four on the second already."
BEGAN = LATE_EVENING - timedelta(hours=9)
"Before the core that was killed: the machine was off for a night."
TALK = (CallId("c-1"), AgentId("agent0001"), QueueId("orders"), ("en", "zh"))
SECOND = np.ones((8000, 2), np.int16)


class Centre:
    """The service with a database and a folder of its own, and clocks that are set by hand."""

    def __init__(self, folder: Path, store: RecordingStore, sessions: Sessions) -> None:
        self.folder = folder
        self.store = store
        self.vaults = VaultStore(sessions)
        self.keep_voices = QualityStore(sessions).keep_voices
        self.events: list[RecordingEvent] = []
        self.is_media_busy = False
        self.now = 100.0
        self.service = self.restart()

    def restart(
        self, change: Callable[[RecordingOptions], RecordingOptions] = lambda o: o
    ) -> RecordingService:
        """A new run of core over the same disk."""
        options = RecordingOptions(
            path=self.folder,
            timezone=ZoneInfo("Asia/Shanghai"),
            lease=LeaseOptions(lease_s=60, max_attempts=2, retry_s=5),
            collect_s=0.0,
        )
        self.service = RecordingService(
            change(options),
            self.store,
            self.events.append,
            lambda: self.is_media_busy,
            utc_now=lambda: LATE_EVENING,
            monotonic_s=lambda: self.now,
            priority_of=lambda queue: 5 if queue == "complaints" else 0,
            keep_voices=self.keep_voices,
        )
        return self.service

    @asynccontextmanager
    async def running(self) -> AsyncIterator[RecordingService]:
        await self.service.open()
        task = asyncio.create_task(self.service.run())
        try:
            yield self.service
            await self.service.finish_chores()
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def talk(
        self,
        frames: np.ndarray = SECOND,
        *,
        complete: bool = True,
        queue: QueueId = TALK[2],
    ) -> RecordingId:
        """A whole recorded talk."""
        async with self.running() as service:
            recording_id, path = service.start(TALK[0], TALK[1], queue, TALK[3])
            write_wav(Path(path), frames)
            service.end(recording_id, len(frames), complete)
        return recording_id

    async def crashed_talk(self) -> RecordingId:
        """A talk during which core was killed."""
        async with self.running() as service:
            recording_id, path = service.start(*TALK)
            write_wav(Path(path), SECOND)
            leave_unfinished(Path(path))
        return recording_id

    async def get(self, recording_id: RecordingId) -> Recording:
        return await self.store.get(recording_id)


def leave_unfinished(path: Path) -> None:
    """Half a frame too many, and a header that knows of no audio."""
    whole = path.read_bytes()
    path.write_bytes(whole[:40] + bytes(4) + whole[44:] + b"\x01\x02\x03")


@pytest.fixture
async def centre(tmp_path: Path) -> AsyncIterator[Centre]:
    async with fresh_sessions(sqlite_file(tmp_path)) as sessions:
        yield Centre(tmp_path / "recordings", RecordingStore(sessions), sessions)


def done(recording_id: RecordingId, worker: str = "w1", text: str = "hello") -> WorkDone:
    caller = HeardSide(side="caller", language="en", words=[HeardWord(text, 0.1, 0.5, 0.9)])
    agent = HeardSide(side="agent", language="zh", words=[])
    return WorkDone(worker=worker, recording_id=recording_id, sides=[caller, agent])


def replace_cost(work: WorkDone, audio_s: float, cpu_s: float) -> WorkDone:
    return msgspec.structs.replace(work, audio_s=audio_s, cpu_s=cpu_s)


async def test_a_talk_is_recorded_in_the_folder_of_the_centres_day(centre: Centre) -> None:
    recording_id = await centre.talk()

    file = f"2026-03-02/{recording_id}.wav"
    assert centre.events == [
        RecordingStarted(recording_id, *TALK[:3], file, ("en", "zh")),
        RecordingEnded(recording_id, duration_s=1.0, complete=True),
    ]
    stored = await centre.get(recording_id)
    assert (stored.file, stored.started, stored.complete) == (file, LATE_EVENING, True)
    assert stored.transcript is TranscriptState.QUEUED


async def test_the_workers_word_that_audio_is_missing_is_kept(centre: Centre) -> None:
    recording_id = await centre.talk(complete=False)

    assert centre.events[-1] == RecordingEnded(recording_id, duration_s=1.0, complete=False)


async def test_a_file_shorter_than_told_is_not_complete(centre: Centre) -> None:
    async with centre.running() as service:
        recording_id, path = service.start(*TALK)
        write_wav(Path(path), SECOND)
        service.end(recording_id, complete=True, frames=8001)

    assert (await centre.get(recording_id)).complete is False


async def test_a_file_that_was_never_written_is_an_incomplete_recording_of_nothing(
    centre: Centre,
) -> None:
    async with centre.running() as service:
        recording_id, _ = service.start(*TALK)
        service.end(recording_id, 8000, complete=True)

    assert centre.events[-1] == RecordingEnded(recording_id, duration_s=0.0, complete=False)
    assert (await centre.get(recording_id)).transcript is TranscriptState.NONE


async def test_the_end_is_told_once_however_often_it_comes(centre: Centre) -> None:
    async with centre.running() as service:
        recording_id, path = service.start(*TALK)
        write_wav(Path(path), SECOND)
        service.end(recording_id, 8000, complete=True)
        service.end(recording_id, 8000, complete=False)
        service.end(RecordingId("r-unknown"), 8000, complete=True)

    assert [type(e) for e in centre.events] == [RecordingStarted, RecordingEnded]
    assert (await centre.get(recording_id)).complete is True


async def test_a_transcript_is_stored_and_told_once(centre: Centre) -> None:
    recording_id = await centre.talk()
    service = centre.service

    work = await service.answer(LeaseWork(worker="w1"))
    assert work == Work(
        recording_id=recording_id,
        file=f"2026-03-02/{recording_id}.wav",
        languages=("en", "zh"),
    )
    assert await service.answer(done(recording_id)) == Noted()
    assert await service.answer(done(recording_id, text="other")) == Noted()

    assert centre.events[2:] == [TranscriptReady(recording_id, words=1)]
    assert [side.text for side in await centre.store.transcript(recording_id)] == ["hello", ""]
    assert await service.answer(LeaseWork(worker="w1")) == NoWork(ask_again_s=2.0)


async def test_nothing_is_leased_and_work_rests_while_media_is_near_its_limit(
    centre: Centre,
) -> None:
    recording_id = await centre.talk()
    keep = KeepWork(worker="w1", recording_id=recording_id)
    centre.is_media_busy = True
    assert await centre.service.answer(LeaseWork(worker="w1")) == NoWork(ask_again_s=2.0)

    centre.is_media_busy = False
    assert isinstance(await centre.service.answer(LeaseWork(worker="w1")), Work)
    assert await centre.service.answer(keep) == CarryOn()

    centre.is_media_busy = True
    assert await centre.service.answer(keep) == CarryOn(pause_s=2.0)


async def test_a_silent_worker_loses_its_lease_to_the_next(centre: Centre) -> None:
    recording_id = await centre.talk()
    await centre.service.answer(LeaseWork(worker="w1"))

    centre.now += 60
    assert await centre.service.answer(LeaseWork(worker="w2")) == NoWork(ask_again_s=2.0)
    centre.now += 5
    assert isinstance(await centre.service.answer(LeaseWork(worker="w2")), Work)

    assert centre.events[-1] == TranscriptFailed(
        recording_id, "w1 was not heard of again", final=False
    )
    lost = await centre.service.answer(KeepWork(worker="w1", recording_id=recording_id))
    assert lost == WorkGone()


async def test_a_recording_that_cannot_be_transcribed_is_given_up(centre: Centre) -> None:
    recording_id = await centre.talk()
    for _ in range(2):
        centre.now += 10
        assert isinstance(await centre.service.answer(LeaseWork(worker="w1")), Work)
        failed = WorkFailed(worker="w1", recording_id=recording_id, sentence="no model")
        assert await centre.service.answer(failed) == Noted()

    assert centre.events[-1] == TranscriptFailed(recording_id, "no model", final=True)
    stored = await centre.get(recording_id)
    assert (stored.transcript, stored.transcript_problem) == (TranscriptState.FAILED, "no model")


async def give_up(centre: Centre, recording_id: RecordingId) -> None:
    for _ in range(2):
        centre.now += 10
        await centre.service.answer(LeaseWork(worker="w1"))
        failed = WorkFailed(worker="w1", recording_id=recording_id, sentence="no model")
        await centre.service.answer(failed)


async def test_a_complaint_is_transcribed_before_older_talks(centre: Centre) -> None:
    await centre.talk()
    complaint = await centre.talk(queue=QueueId("complaints"))

    work = await centre.service.answer(LeaseWork(worker="w1"))

    assert isinstance(work, Work)
    assert work.recording_id == complaint


async def test_a_talk_that_is_raised_is_next(centre: Centre) -> None:
    await centre.talk()
    second = await centre.talk()
    await centre.service.transcription.raise_priority(second, 9)
    with pytest.raises(NotFound, match="'r-9' does not wait"):
        await centre.service.transcription.raise_priority(RecordingId("r-9"), 9)

    work = await centre.service.answer(LeaseWork(worker="w1"))

    assert isinstance(work, Work)
    assert work.recording_id == second


async def test_a_talk_that_was_raised_is_next_after_a_restart_too(centre: Centre) -> None:
    await centre.talk()
    second = await centre.talk()
    await centre.service.transcription.raise_priority(second, 0)
    third = await centre.talk(queue=QueueId("complaints"))
    await centre.service.transcription.raise_priority(third, 9)
    await centre.restart().open()

    first = centre.service.transcription.progress().jobs[0]
    assert (first.recording_id, first.priority) == (third, 9)
    work = await centre.service.answer(LeaseWork(worker="w1"))
    assert isinstance(work, Work)
    assert work.recording_id == third


async def test_a_talk_that_was_put_behind_its_queue_stays_there(centre: Centre) -> None:
    complaint = await centre.talk(queue=QueueId("complaints"))
    await centre.service.transcription.raise_priority(complaint, 0)
    await centre.restart().open()
    [job] = centre.service.transcription.progress().jobs
    assert job.priority == 0


async def test_a_dead_letter_gets_all_its_attempts_again(centre: Centre) -> None:
    recording_id = await centre.talk()
    with pytest.raises(Conflict, match="was not given up: it is queued"):
        await centre.service.transcription.retry(recording_id)
    await give_up(centre, recording_id)
    assert centre.service.progress().failed == 1
    assert (await centre.store.failed(10))[0][0].transcript_problem == "no model"

    await centre.restart().open()
    assert centre.service.progress().failed == 1
    assert await centre.service.transcription.retry_all(10) == 1

    assert (await centre.get(recording_id)).transcript is TranscriptState.QUEUED
    assert (centre.service.progress().failed, centre.service.progress().waiting) == (0, 1)
    await give_up(centre, recording_id)
    assert centre.events[-1] == TranscriptFailed(recording_id, "no model", final=True)


async def delete(centre: Centre, recording_id: RecordingId) -> None:
    doomed = await centre.vaults.of_calls([TALK[0]])
    await centre.vaults.delete([each for each in doomed if each.recording_id == recording_id])
    why = DeletedFor.ERASURE
    centre.service.on_event(RecordingDeleted(recording_id, TALK[0], why, "sue", "x.json"))


async def test_a_deleted_talk_holds_up_no_transcriber(centre: Centre) -> None:
    erased, leased, left = [await centre.talk() for _ in range(3)]
    await delete(centre, erased)
    work = await centre.service.answer(LeaseWork(worker="w1"))
    assert isinstance(work, Work)
    assert work.recording_id == leased

    await delete(centre, leased)
    keep = KeepWork(worker="w1", recording_id=leased)
    assert await centre.service.answer(keep) == WorkGone()
    assert await centre.service.answer(done(leased)) == Noted()

    work = await centre.service.answer(LeaseWork(worker="w1"))
    assert isinstance(work, Work)
    assert work.recording_id == left
    assert (centre.service.progress().waiting, centre.service.progress().working) == (0, 1)
    assert not any(isinstance(event, TranscriptReady) for event in centre.events)


async def test_a_dead_letter_that_is_deleted_or_written_down_after_all_is_none(
    centre: Centre,
) -> None:
    first = await centre.talk()
    await give_up(centre, first)
    second = await centre.talk()
    await give_up(centre, second)
    assert centre.service.progress().failed == 2

    await centre.service.answer(done(first))
    assert centre.service.progress().failed == 1
    await delete(centre, second)
    assert centre.service.progress().failed == 0


async def test_progress_tells_lag_speed_and_who_works_on_what(centre: Centre) -> None:
    first, second = await centre.talk(), await centre.talk()
    centre.now += 40
    await centre.service.answer(LeaseWork(worker="w1"))
    await centre.service.answer(KeepWork(worker="w1", recording_id=first, done=0.25))
    centre.now += 2
    centre.is_media_busy = True

    progress = centre.service.progress()

    assert (progress.waiting, progress.working, progress.failed) == (1, 1, 0)
    assert (progress.lag_s, progress.waiting_audio_s, progress.is_resting) == (42.0, 2.0, True)
    assert [(job.recording_id, job.done) for job in progress.jobs] == [(first, 0.25), (second, 0.0)]
    assert [(one.worker, one.seen_s) for one in progress.workers] == [("w1", 2.0)]
    assert progress.speed is None

    await centre.service.answer(replace_cost(done(first), audio_s=60.0, cpu_s=1.5))
    centre.now += 61
    progress = centre.service.progress()
    assert (progress.done, progress.audio_s, progress.cpu_s, progress.speed) == (1, 60, 1.5, 40)
    assert progress.workers == ()


async def test_age_of_a_talk_counts_from_its_end_after_a_restart(centre: Centre) -> None:
    await centre.talk()
    service = centre.restart()
    await service.open()

    assert service.progress().lag_s == 0.0
    centre.now += 7
    assert service.progress().lag_s == 7.0


async def test_what_a_call_was_about_is_kept_when_it_was_recorded(centre: Centre) -> None:
    await centre.talk()
    async with centre.running() as service:
        service.classify(CallId("c-1"), "wrap_up", "refund")
        service.classify(CallId("c-9"), "wrap_up", "refund")

    assert await SearchStore(centre.store._sessions).classes() == [("wrap_up", "refund")]


async def test_a_crash_leaves_no_recording_open(centre: Centre) -> None:
    recording_id = await centre.crashed_talk()

    await centre.restart().open()

    assert centre.events[-1] == RecordingEnded(recording_id, duration_s=1.0, complete=False)
    assert isinstance(await centre.service.answer(LeaseWork(worker="w1")), Work)
    stored = await centre.get(recording_id)
    assert (centre.folder / stored.file).stat().st_size == 44 + SECOND.nbytes


async def test_recordings_that_media_goes_on_writing_stay_open_after_a_crash(
    centre: Centre,
) -> None:
    recording_id = await centre.crashed_talk()

    await centre.restart().open(still_running={recording_id})

    assert (await centre.get(recording_id)).is_open


async def test_a_lease_from_before_cores_restart_still_brings_its_transcript(
    centre: Centre,
) -> None:
    recording_id = await centre.talk()
    await centre.service.answer(LeaseWork(worker="w1"))

    await centre.restart().open()

    assert centre.service.waiting_for_transcript == 1
    assert await centre.service.answer(done(recording_id)) == Noted()
    assert centre.service.waiting_for_transcript == 0
    assert centre.events[-1] == TranscriptReady(recording_id, words=1)


async def test_attempts_are_counted_over_restarts(centre: Centre) -> None:
    recording_id = await centre.talk()
    for _ in range(2):
        assert isinstance(await centre.service.answer(LeaseWork(worker="w1")), Work)
        await centre.restart().open()

    assert await centre.service.answer(LeaseWork(worker="w1")) == NoWork(ask_again_s=2.0)
    assert centre.events[-1] == TranscriptFailed(
        recording_id, "2 attempts left no word", final=True
    )


async def test_with_transcription_off_no_job_is_made(centre: Centre) -> None:
    centre.restart(lambda options: replace(options, transcribe=False))

    recording_id = await centre.talk()

    assert (await centre.get(recording_id)).transcript is TranscriptState.NONE
    assert centre.service.waiting_for_transcript == 0


class LateStore(RecordingStore):
    """The database is away at the first `add`."""

    is_away = True

    async def add(self, *recordings: Recording) -> None:
        if self.is_away:
            self.is_away = False
            raise Unavailable("the disk is full")
        await super().add(*recordings)


async def test_a_database_that_is_away_delays_rows_and_loses_none(tmp_path: Path) -> None:
    async with fresh_sessions(sqlite_file(tmp_path)) as sessions:
        centre = Centre(tmp_path / "recordings", LateStore(sessions), sessions)
        centre.restart(lambda options: replace(options, retry_s=0.0))

        recording_id = await centre.talk()

        assert (await centre.get(recording_id)).complete is True


class CountingStore(RecordingStore):
    """Counts its transactions."""

    transactions = 0

    async def add(self, *recordings: Recording) -> None:
        self.transactions += 1
        await super().add(*recordings)

    async def end(self, *ended: Ended) -> None:
        self.transactions += 1
        await super().end(*ended)


async def test_talks_of_a_moment_cost_two_transactions_together(tmp_path: Path) -> None:
    async with fresh_sessions(sqlite_file(tmp_path)) as sessions:
        store = CountingStore(sessions)
        centre = Centre(tmp_path / "recordings", store, sessions)
        async with centre.running() as service:
            begun = [service.start(*TALK) for _ in range(20)]
            for recording_id, path in begun:
                write_wav(Path(path), SECOND)
                service.end(recording_id, len(SECOND), True)

        assert store.transactions == 2
        assert await store.open_recordings() == []
        ended = [each for each in centre.events[20:] if isinstance(each, RecordingEnded)]
        assert [each.recording_id for each in ended] == [each for each, _ in begun]


async def test_of_two_ends_told_of_a_recording_the_first_counts(centre: Centre) -> None:
    async with centre.running() as service:
        recording_id, path = service.start(*TALK)
        write_wav(Path(path), SECOND)
        service.end(recording_id, len(SECOND), True)
        service.end(recording_id, 0, False)

    assert centre.events[1:] == [RecordingEnded(recording_id, duration_s=1.0, complete=True)]


async def test_with_too_many_chores_waiting_the_talk_goes_on_without_its_row(
    centre: Centre, caplog: pytest.LogCaptureFixture
) -> None:
    service = centre.restart(lambda options: replace(options, max_chores=1))

    service.start(*TALK)
    second, _ = service.start(*TALK)

    assert "the disk does not keep up" in caplog.text
    assert second in caplog.text


async def test_end_that_only_the_row_has_is_told_after_a_restart(centre: Centre) -> None:
    recording_id = await centre.talk()
    started, *_ = centre.events
    ended = [event for event in centre.events if isinstance(event, RecordingEnded)]
    assert isinstance(started, RecordingStarted)
    centre.events.clear()

    await centre.restart().adopt(started, BEGAN)

    assert centre.events == ended
    assert (await centre.get(recording_id)).complete


async def test_beginning_that_only_the_journal_has_gets_its_row_and_its_end(
    centre: Centre,
) -> None:
    recording_id = RecordingId("r-1")
    started = RecordingStarted(recording_id, *TALK[:3], "2026-03-02/r-1.wav", ("en", "zh"))
    write_wav(centre.folder / started.file, SECOND)
    service = centre.restart()

    await service.adopt(started, BEGAN)
    await service.open(still_running={recording_id})
    assert (await centre.get(recording_id)).is_open
    await service.open()

    assert [type(event) for event in centre.events] == [RecordingEnded]
    ended = await centre.get(recording_id)
    assert (ended.started, ended.duration_s) == (BEGAN, 1.0)
