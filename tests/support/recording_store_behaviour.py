"""What a recording store must do, whatever database is behind it; subclasses give `store`."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from foundation.errors import NotFound
from foundation.ids import AgentId, CallId, QueueId, RecordingId
from recordings.recogniser import Word
from recordings.recording import Recording, RecordingFilter, SideTranscript, TranscriptState
from recordings.store import Ended, RecordingStore
from telephony.calls.events import Side
from tests.support.recording_fakes import STARTED, recording

ONE = RecordingId("r-1")
CALLER = SideTranscript(Side.CALLER, "zh", (Word("您好", 0.5, 0.9, 0.98), Word("退款", 1, 1.5, 1)))
AGENT = SideTranscript(Side.AGENT, "en", (Word("one", 2.0, 2.25, 1.0), Word("moment", 2.25, 3, 1)))
ANY = RecordingFilter()


def in_shanghai(moment: datetime) -> datetime:
    return moment.astimezone(timezone(timedelta(hours=8)))


class RecordingStoreBehaviour:
    async def test_a_recording_comes_back_as_it_was_stored(self, store: RecordingStore) -> None:
        await store.add(recording())

        assert await store.get(ONE) == recording()

    async def test_times_come_back_aware_in_utc(self, store: RecordingStore) -> None:
        await store.add(recording(started=in_shanghai(STARTED)))

        started = (await store.get(ONE)).started
        assert started == STARTED
        assert started.tzinfo is UTC

    async def test_storing_a_recording_again_does_no_harm(self, store: RecordingStore) -> None:
        await store.add(recording())
        await store.add(recording())

        assert (await store.find(ANY, 10, 0))[1] == 1

    async def test_an_unknown_recording_is_not_found(self, store: RecordingStore) -> None:
        with pytest.raises(NotFound, match="'r-9'"):
            await store.get(RecordingId("r-9"))

    async def test_ending_closes_a_recording_and_queues_its_transcript(
        self, store: RecordingStore
    ) -> None:
        await store.add(recording())
        assert await store.open_recordings() == [recording()]

        await store.end(Ended(ONE, 12.5, True, TranscriptState.QUEUED))
        await store.count_attempt(ONE, 2)

        ended = replace(
            recording(),
            duration_s=12.5,
            complete=True,
            transcript=TranscriptState.QUEUED,
            attempts=2,
        )
        assert await store.open_recordings() == []
        assert await store.queued() == [ended]

    async def test_a_transcript_is_kept_word_for_word_and_only_once(
        self, store: RecordingStore
    ) -> None:
        await store.add(recording())

        assert await store.save_transcript(ONE, [AGENT, CALLER])
        assert not await store.save_transcript(ONE, [CALLER, AGENT])

        assert await store.transcript(ONE) == [CALLER, AGENT]
        assert (await store.get(ONE)).transcript is TranscriptState.READY
        assert (CALLER.text, AGENT.text) == ("您好退款", "one moment")

    async def test_of_two_savers_at_once_one_is_first(self, store: RecordingStore) -> None:
        await store.add(recording())

        outcomes = await asyncio.gather(
            *(store.save_transcript(ONE, [CALLER, AGENT]) for _ in range(3))
        )

        assert sorted(outcomes) == [False, False, True]

    async def test_a_transcript_of_no_recording_is_not_kept(self, store: RecordingStore) -> None:
        assert not await store.save_transcript(RecordingId("r-9"), [CALLER])
        assert await store.transcript(RecordingId("r-9")) == []

    async def test_giving_up_keeps_the_reason_until_a_transcript_comes_after_all(
        self, store: RecordingStore
    ) -> None:
        await store.add(recording())
        await store.give_up(ONE, "no model")
        failed = await store.get(ONE)
        await store.save_transcript(ONE, [])
        ready = await store.get(ONE)

        assert (failed.transcript, failed.transcript_problem) == (
            TranscriptState.FAILED,
            "no model",
        )
        assert (ready.transcript, ready.transcript_problem) == (TranscriptState.READY, "")

    @pytest.mark.parametrize(
        ("wanted", "numbers"),
        [
            (ANY, [3, 2, 1]),
            (RecordingFilter(call_id=CallId("c-2")), [2]),
            (RecordingFilter(agent_id=AgentId("agent0001")), [3, 1]),
            (RecordingFilter(queue=QueueId("support")), [3, 2]),
            (RecordingFilter(queue=QueueId("support"), agent_id=AgentId("agent0001")), [3]),
            (RecordingFilter(started_from=STARTED + timedelta(hours=1)), [3, 2]),
            (RecordingFilter(started_from=in_shanghai(STARTED + timedelta(hours=1))), [3, 2]),
            (RecordingFilter(started_before=STARTED + timedelta(hours=1)), [1]),
            (RecordingFilter(call_id=CallId("c-9")), []),
        ],
    )
    async def test_recordings_are_found_newest_first(
        self, store: RecordingStore, wanted: RecordingFilter, numbers: list[int]
    ) -> None:
        for each in (
            recording(1),
            recording(2, call="c-2", agent="a2", queue="support", started=at(hours=1)),
            recording(3, call="c-3", queue="support", started=at(hours=2)),
        ):
            await store.add(each)

        found, total = await store.find(wanted, limit=10, offset=0)

        assert ids(found) == [f"r-{n}" for n in numbers]
        assert total == len(numbers)

    async def test_pages_cut_the_list_and_keep_the_total(self, store: RecordingStore) -> None:
        for number in range(5):
            await store.add(recording(number, started=at(hours=number)))

        found, total = await store.find(ANY, limit=2, offset=2)

        assert ids(found) == ["r-2", "r-1"]
        assert total == 5


def at(*, hours: int) -> datetime:
    return STARTED + timedelta(hours=hours)


def ids(found: list[Recording]) -> list[str]:
    return [each.recording_id for each in found]
