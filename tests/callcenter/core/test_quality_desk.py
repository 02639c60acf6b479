"""Judging in core: after each transcript, after a restart, and again when rules have changed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from acd.events import AgentAnswered
from callcenter.asks import RescoreTalks
from callcenter.codec import CODEC
from callcenter.configuration.settings import Settings
from callcenter.core.quality_desk import RESCORED, QualityDesk
from callcenter.events import ActionTaken
from foundation.db import Sessions
from foundation.ids import AgentId, CallId, OfferId, PartyId, QueueId, RecordingId
from foundation.journal import Journal
from recordings.events import RecordingEnded, RecordingStarted, TranscriptReady
from recordings.quality.events import QualityScored
from recordings.quality.pack import Pack
from recordings.quality.store import QualityStore
from recordings.quality.talk import Verdict
from recordings.store import RecordingStore
from telephony.calls import events as calls
from telephony.calls.events import EndedBy, Side
from tests.support.database import fresh_sessions
from tests.support.quality_store_behaviour import ONE, THREE, TWO, Shelf
from tests.support.quality_talks import pack
from tests.support.recording_fakes import STARTED
from tests.support.set_clock import SetClock

CALL = CallId("c-1")
FIRST = pack(
    "language: zh\nforbidden: [{phrase: 没办法, severity: 2}]\nhung_up: {severity: 3}", "zh"
)
SECOND = pack("language: zh\nforbidden: [{phrase: 没有办法, severity: 2}]", "zh")


@dataclass
class Bureau:
    """A desk with its stores and journal, and what it told."""

    shelf: Shelf
    journal: Journal
    told: list[QualityScored | ActionTaken] = field(default_factory=list)
    hours: float = 24
    "Since `STARTED`."
    _wanted: int = 0
    _enough: asyncio.Event = field(default_factory=asyncio.Event)

    def desk(self, *packs: Pack) -> QualityDesk:
        return QualityDesk(
            {one.language: one for one in packs},
            self.shelf.recordings,
            self.shelf.quality,
            self.journal.reader,
            self._tell,
            lambda: STARTED + timedelta(hours=self.hours),
        )

    async def work(self, desk: QualityDesk, until: int) -> None:
        """Lets the desk run until so many facts are told."""
        self._wanted = until
        self._enough.clear()
        if len(self.told) >= until:
            return
        running = asyncio.create_task(desk.run())
        try:
            async with asyncio.timeout(5):
                await self._enough.wait()
        finally:
            running.cancel()
            await asyncio.wait({running})

    def _tell(self, fact: QualityScored | ActionTaken) -> None:
        self.told.append(fact)
        if len(self.told) >= self._wanted:
            self._enough.set()


@pytest.fixture
async def bureau(tmp_path: Path) -> AsyncIterator[Bureau]:
    journal = await Journal.open(tmp_path / "journal.db", CODEC)
    async with fresh_sessions() as sessions:
        yield Bureau(Shelf(RecordingStore(sessions), QualityStore(sessions)), journal)
    await journal.close()


async def test_transcript_is_judged_with_what_the_journal_knows(bureau: Bureau) -> None:
    await bureau.shelf.transcribed(1)
    began = RecordingStarted(ONE, CALL, AgentId("agent0001"), QueueId("orders"), "f", ("zh", "zh"))
    for fact in (
        began,
        calls.CallHeld(CALL, Side.AGENT),
        RecordingEnded(ONE, 60.0, True),
        calls.CallEnded(CALL, EndedBy.AGENT, ""),
    ):
        bureau.journal.publish(fact)
    await bureau.journal.settled(bureau.journal.last_seq)

    await bureau.desk(FIRST).judge(ONE)

    [result] = await bureau.shelf.quality.results(ONE)
    assert [hit.rule for hit in result.verdict.hits] == ["没办法", "hung_up"]
    assert bureau.told == [QualityScored(ONE, "zh", FIRST.version, 67.0, 2)]
    kept = (await bureau.shelf.quality.kept(ONE)).circumstances
    assert kept is not None
    assert kept.ended_by is EndedBy.AGENT
    assert len(kept.holds) == 1


async def test_agent_is_not_judged_by_a_talk_with_somebody_outside(bureau: Bureau) -> None:
    """To whom he gave the caller: the recording is in his name, for somebody answers for it."""
    await bureau.shelf.transcribed(1)
    agent, queue, offer = AgentId("agent0001"), QueueId("orders"), OfferId("o-1")
    invited = calls.GuestInvited(CALL, offer, calls.GuestWay.TRANSFER, None, PartyId("p-2"))
    for fact in (
        calls.CallArrived(CALL, PartyId("p-1"), "8000"),
        AgentAnswered(CALL, queue, agent),
        invited,
        calls.TalkTransferred(CALL, offer),
        RecordingStarted(ONE, CALL, agent, queue, "f", ("zh", "zh")),
        RecordingEnded(ONE, 60.0, True),
    ):
        bureau.journal.publish(fact)
    await bureau.journal.settled(bureau.journal.last_seq)

    await bureau.desk(FIRST).judge(ONE)

    assert (await bureau.shelf.quality.results(ONE), bureau.told) == ([], [])


class SlowStore(QualityStore):
    """Whose disk takes its time."""

    def __init__(self, sessions: Sessions) -> None:
        super().__init__(sessions)
        self.has_added, self.may_go_on = asyncio.Event(), asyncio.Event()

    async def add(self, recording_id: RecordingId, scored: datetime, verdict: Verdict) -> None:
        await super().add(recording_id, scored, verdict)
        self.has_added.set()
        await self.may_go_on.wait()


async def test_verdict_that_is_being_written_at_an_orderly_end_is_told(tmp_path: Path) -> None:
    """It is in the database, and no later core would judge the talk again."""
    journal = await Journal.open(tmp_path / "journal.db", CODEC)
    async with fresh_sessions() as sessions:
        slow = SlowStore(sessions)
        bureau = Bureau(Shelf(RecordingStore(sessions), slow), journal)
        await bureau.shelf.transcribed(1)
        judging = asyncio.create_task(bureau.desk(FIRST).run())
        await slow.has_added.wait()

        judging.cancel()
        await asyncio.sleep(0)
        slow.may_go_on.set()
        await asyncio.wait([judging])

        assert judging.cancelled()
        assert await slow.unjudged(STARTED, 10) == []
        assert [type(each) for each in bureau.told] == [QualityScored]
    await journal.close()


async def test_a_callers_message_is_not_judged(bureau: Bureau) -> None:
    await bureau.shelf.transcribed(1, agent="")
    desk = bureau.desk(FIRST)

    await desk.judge(ONE)
    assert await desk.rescore(RescoreTalks(days=7, by="sue")) == 0

    assert await bureau.shelf.quality.results(ONE) == []
    assert await bureau.shelf.quality.unjudged(STARTED, 10) == []


async def test_desk_takes_what_an_earlier_core_left_and_what_comes(bureau: Bureau) -> None:
    await bureau.shelf.transcribed(1)
    desk = bureau.desk(FIRST)
    await bureau.work(desk, until=1)
    await bureau.shelf.transcribed(2)

    desk.on_event(TranscriptReady(TWO, 1))
    await bureau.work(desk, until=2)

    told = [one.recording_id for one in bureau.told if isinstance(one, QualityScored)]
    assert told == [ONE, TWO]


async def test_changed_pack_judges_new_talks_and_old_ones_when_asked(bureau: Bureau) -> None:
    await bureau.shelf.transcribed(1)
    desk = bureau.desk(FIRST)
    await desk.judge(ONE)
    changed = Settings()
    changed._packs = {"zh": SECOND}

    await desk.prepare(changed)
    applied = desk.apply(changed)

    assert applied.changed == [f"Talks in 'zh' are judged by zh, version {SECOND.version}."]
    assert await desk.rescore(RescoreTalks(days=7, by="sue")) == 1
    await bureau.work(desk, until=3)
    assert bureau.told[1] == ActionTaken("sue", RESCORED, "1 talks", "7 days")
    results = await bureau.shelf.quality.results(ONE)
    assert [(one.verdict.version, one.verdict.score, one.counts) for one in results] == [
        (SECOND.version, 100.0, True),
        (FIRST.version, 92.0, False),
    ]


async def test_talks_that_were_to_be_judged_again_are_so_by_the_core_after_a_restart(
    tmp_path: Path,
) -> None:
    clock = SetClock()
    clock.utc = STARTED + timedelta(hours=25)
    journal = await Journal.open(tmp_path / "journal.db", CODEC, clock=clock)
    async with fresh_sessions() as sessions:
        bureau = Bureau(Shelf(RecordingStore(sessions), QualityStore(sessions)), journal)
        await bureau.shelf.transcribed(1)
        await bureau.shelf.transcribed(2, days=-20)
        for each in (ONE, TWO):
            await bureau.desk(FIRST).judge(each)
        journal.publish(ActionTaken("sue", RESCORED, "1 talks", "7 days"))
        await journal.settled(journal.last_seq)
        bureau.hours = 26

        await bureau.work(bureau.desk(SECOND), until=3)
        await bureau.shelf.transcribed(3)
        await bureau.work(bureau.desk(SECOND), until=4)

        told = [each.recording_id for each in bureau.told if isinstance(each, QualityScored)]
        assert told == [ONE, TWO, ONE, THREE], "once"
    await journal.close()


async def test_talk_in_a_language_without_rules_and_one_that_is_gone_are_left(
    bureau: Bureau,
) -> None:
    await bureau.shelf.transcribed(1)

    await bureau.desk().judge(ONE)
    await bureau.desk(FIRST).judge(RecordingId("r-9"))

    assert bureau.told == []
    assert await bureau.shelf.quality.results(ONE) == []


async def test_rules_that_did_not_change_are_told_of_nothing(bureau: Bureau) -> None:
    same = Settings()
    same._packs = {"zh": FIRST}

    assert bureau.desk(FIRST).apply(same).changed == []
