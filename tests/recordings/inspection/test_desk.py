"""Drawing and scoring over a real database: nothing is drawn twice, each fact is told once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

import pytest

from foundation.errors import Conflict, NotFound
from foundation.ids import AgentId, RecordingId
from recordings.inspection import messages
from recordings.inspection.desk import InspectionDesk, InspectionParts
from recordings.inspection.events import (
    AppealSettled,
    InspectionEvent,
    ScoreAppealed,
    TalkInspected,
    TalksDrawn,
)
from recordings.inspection.inspection import Comment, InspectionId, State
from recordings.inspection.sampling import How
from recordings.inspection.store import InspectionFilter, InspectionStore
from recordings.quality.store import QualityStore
from recordings.quality.talk import Measures, Verdict
from recordings.recording import TranscriptState
from recordings.store import Ended, RecordingStore
from recordings.vault_store import VaultStore
from tests.support.database import fresh_sessions
from tests.support.played_inspections import FORM, POINTS
from tests.support.recording_fakes import STARTED, recording

DRAW = messages.DrawTalks(
    how=How.RANDOM,
    count=2,
    inspectors=("ina",),
    started_from=STARTED - timedelta(days=1),
    started_before=STARTED + timedelta(days=1),
    queue=None,
    agent_id=None,
    least_s=10.0,
    calibrate=False,
    by="sue",
)


@dataclass
class Room:
    desk: InspectionDesk
    store: InspectionStore
    recordings: RecordingStore
    quality: QualityStore
    vaults: VaultStore
    told: list[InspectionEvent]

    async def talk(self, number: int, agent: str = "eva", seconds: float = 60.0) -> RecordingId:
        row = recording(number, agent=agent)
        await self.recordings.add(row)
        await self.recordings.end(Ended(row.recording_id, seconds, True, TranscriptState.NONE))
        return row.recording_id

    async def score(self, recording_id: RecordingId, score: float) -> None:
        verdict = Verdict(
            pack="en", version="1", language="en", score=score, hits=(), marks=(),
            measures=Measures(),
        )  # fmt: skip
        await self.quality.add(recording_id, STARTED, verdict)

    async def drawn(self, **changes: object) -> list[str]:
        ids = await self.desk.draw(replace(DRAW, **changes))  # type: ignore[arg-type]
        return [(await self.store.get(InspectionId(one))).recording_id for one in ids]


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with fresh_sessions() as sessions:
        told: list[InspectionEvent] = []
        store, recordings = InspectionStore(sessions), RecordingStore(sessions)
        parts = InspectionParts(
            store, recordings, lambda: FORM, told.append, lambda: STARTED, Random(7)
        )
        quality, vaults = QualityStore(sessions), VaultStore(sessions)
        yield Room(InspectionDesk(parts), store, recordings, quality, vaults, told)


async def test_a_message_is_nobodys_talk_and_in_nobodys_month(room: Room) -> None:
    message = await room.talk(1, agent="")
    await room.score(message, 40.0)

    assert await room.drawn() == []
    with pytest.raises(Conflict, match="'r-1' is a caller's message"):
        await room.desk.give(messages.GiveTalk(recording_id=message, inspector="ina", by="sue"))
    month = (STARTED - timedelta(days=1), STARTED + timedelta(days=1))
    assert await room.store.rule_scores(*month) == []


async def test_a_talk_is_drawn_once_and_short_or_open_ones_never(room: Room) -> None:
    for number in (1, 2, 3):
        await room.talk(number)
    await room.talk(4, seconds=5.0)
    await room.recordings.add(recording(5))

    first, second = await room.drawn(), await room.drawn()

    assert len(first) == 2
    assert sorted([*first, *second]) == ["r-1", "r-2", "r-3"]
    assert await room.drawn() == []
    assert room.told == [TalksDrawn("sue", "random", n) for n in (2, 1, 0)]


async def test_worst_first_goes_by_the_score_that_counts(room: Room) -> None:
    for number, score in ((1, 90.0), (2, 40.0), (3, 70.0)):
        await room.score(await room.talk(number), score)
    await room.talk(4)

    assert await room.drawn(how=How.WORST_FIRST, count=3) == ["r-2", "r-3", "r-1"]


async def test_filters_by_agent_queue_and_time(room: Room) -> None:
    await room.talk(1, "eva")
    await room.talk(2, "tom")

    assert await room.drawn(queue="repairs") == []
    assert await room.drawn(started_from=STARTED + timedelta(seconds=1)) == []
    assert await room.drawn(agent_id="tom") == ["r-2"]


async def test_a_calibration_gives_each_talk_to_all_and_is_listed(room: Room) -> None:
    await room.talk(1)
    await room.drawn(inspectors=("ina", "ivo"), calibrate=True)

    [(name, _, sheets)] = await room.store.calibrations()
    found, total = await room.store.find(InspectionFilter(calibration=name), 10)
    assert (sheets, total) == (2, 2)
    assert sorted(each.inspector for each in found) == ["ina", "ivo"]


async def test_a_sheet_goes_from_draft_to_settled_appeal_and_is_told(room: Room) -> None:
    await room.talk(1, "eva")
    [name] = await room.desk.draw(DRAW)
    sheet = messages.WriteSheet(
        inspection_id=name, points={"greeting": 5.0}, fatal=(), comments=(Comment(3.0, "hm"),),
        summary="", submit=False, by="ina",
    )  # fmt: skip
    draft = await room.desk.write(sheet)
    assert (draft.state, draft.comments) == (State.OPEN, (Comment(3.0, "hm"),))
    await room.desk.write(replace(sheet, points={**POINTS, "solution": 0.0}, submit=True))
    await room.desk.appeal(messages.AppealScore(inspection_id=name, text="no", agent_id="eva"))
    settled = await room.desk.settle(
        messages.SettleAppeal(inspection_id=name, answer="yes", points=POINTS, fatal=(), by="sue")
    )

    assert await room.store.get(InspectionId(name)) == settled
    one, eva = InspectionId(name), AgentId("eva")
    assert room.told[1:] == [
        TalkInspected(one, RecordingId("r-1"), eva, "ina", 75.0),
        ScoreAppealed(one, eva),
        AppealSettled(one, eva, "sue", True, 100.0),
    ]


async def test_one_talk_may_be_given_by_name(room: Room) -> None:
    await room.talk(1)
    name = await room.desk.give(messages.GiveTalk(recording_id="r-1", inspector="ivo", by="sue"))
    assert (await room.store.get(InspectionId(name))).inspector == "ivo"
    await room.recordings.add(recording(2))
    with pytest.raises(NotFound, match="goes on"):
        await room.desk.give(messages.GiveTalk(recording_id="r-2", inspector="ivo", by="sue"))
    with pytest.raises(NotFound):
        await room.desk.give(messages.GiveTalk(recording_id="r-9", inspector="ivo", by="sue"))


async def test_rule_scores_are_by_agent_and_month(room: Room) -> None:
    await room.score(await room.talk(1, "eva"), 80.0)
    begin = STARTED - timedelta(days=1)
    assert await room.store.rule_scores(begin, STARTED + timedelta(days=1)) == [("eva", 80.0)]
    assert await room.store.rule_scores(begin, STARTED) == []


async def test_an_inspection_that_is_not_there_is_not_found(room: Room) -> None:
    with pytest.raises(NotFound, match="no inspection 'i-9'"):
        await room.store.get(InspectionId("i-9"))


async def test_talk_that_is_deleted_meanwhile_is_gone_and_no_fault(room: Room) -> None:
    recording_id = await room.talk(1)
    give = messages.GiveTalk(recording_id=recording_id, inspector="ina", by="sue")
    kept = await room.store.get(InspectionId(await room.desk.give(give)))
    await room.vaults.delete(await room.vaults.of_calls([kept.call_id]))

    for late in (room.store.replace(kept), room.store.add([kept])):
        with pytest.raises(NotFound, match="deleted"):
            await late
