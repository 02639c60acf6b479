"""Tasks in core: their rows, their facts, and what a new core makes good."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from callcenter.actions.erase import ACTION, ErasedLately
from callcenter.events import ActionTaken
from desk.events import TaskDone, TaskEvent, TaskOpened, TaskReleased, TaskTaken
from desk.options import TaskOptions
from desk.service import TaskService
from desk.store import TaskStore
from desk.task import TaskFilter, TaskKind, TaskState
from foundation.db import make_engine, make_sessions
from foundation.errors import Conflict, NotFound, Unavailable
from foundation.ids import CallId, PartyId, QueueId, TaskId
from foundation.record import Record
from ivr.events import SurveyAnswered, VoicemailLeft
from telephony.calls.events import CallArrived
from tests.support.database import fresh_sessions, sqlite_file

NOON = datetime(2026, 10, 12, 12, tzinfo=UTC)
C1 = CallId("c-1")
ARRIVED = CallArrived(C1, PartyId("p-1"), "8000")
LEFT = VoicemailLeft(C1, "sales", "vm-1", 3.0, "orders")
T1, T2, P2 = TaskId("t-vm-1"), TaskId("t-vm-2"), PartyId("p-2")


class Core:
    """A service whose facts come back to it, as by the conductor."""

    def __init__(self, store: TaskStore) -> None:
        self.now = NOON
        self.told: list[TaskEvent] = []
        self.store = store
        self.tasks = TaskService(TaskOptions(), store, self._tell, lambda: self.now)

    def _tell(self, event: TaskEvent) -> None:
        self.told.append(event)
        self.tasks.on_event(event)

    def hear(self, *events: object) -> None:
        for event in events:
            self.tasks.on_event(event)

    async def all(self, wanted: TaskFilter | None = None) -> list[str]:
        await self.tasks.flush()
        found, total = await self.store.find(wanted or TaskFilter())
        assert total == len(found)
        return [task.task_id for task in found]


@pytest.fixture
async def core(tmp_path: Path) -> AsyncIterator[Core]:
    async with fresh_sessions(sqlite_file(tmp_path)) as sessions:
        yield Core(TaskStore(sessions))


async def test_message_is_a_row_and_a_fact(core: Core) -> None:
    core.hear(ARRIVED, LEFT)
    [opened] = core.told
    assert isinstance(opened, TaskOpened)
    task = await core.tasks.get(T1)
    assert (task.kind, task.state, task.opened) == (TaskKind.VOICEMAIL, TaskState.OPEN, NOON)
    assert task.due == opened.due


async def test_task_goes_from_hand_to_hand_until_it_is_done(core: Core) -> None:
    core.hear(ARRIVED, LEFT)
    await core.tasks.take(T1, "ann")
    with pytest.raises(Conflict):
        await core.tasks.take(T1, "bob")
    await core.tasks.release(T1, "ann")
    await core.tasks.take(T1, "bob")
    await core.tasks.finish(T1, "bob", "rang him")
    assert core.told[1:] == [
        TaskTaken(T1, "ann"),
        TaskReleased(T1, "ann"),
        TaskTaken(T1, "bob"),
        TaskDone(T1, "bob"),
    ]
    assert (await core.tasks.get(T1)).note == "rang him"


async def test_task_that_there_is_not_is_not_found(core: Core) -> None:
    with pytest.raises(NotFound, match="t-none"):
        await core.tasks.take(TaskId("t-none"), "ann")


async def test_tasks_are_found_by_state_kind_queue_and_who_has_them(core: Core) -> None:
    core.hear(ARRIVED, LEFT, SurveyAnswered(C1, "survey", "attitude", 1, "eva"))
    await core.tasks.take(T1, "ann")
    assert await core.all() == [T1, "t-c-1"], "what is due first comes first"
    assert await core.all(TaskFilter(states=frozenset({TaskState.OPEN}))) == ["t-c-1"]
    assert await core.all(TaskFilter(kind=TaskKind.VOICEMAIL)) == [T1]
    assert await core.all(TaskFilter(call_id=C1)) == [T1, "t-c-1"]
    of_nobody = frozenset({QueueId("")})
    assert await core.all(TaskFilter(queues=of_nobody)) == ["t-c-1"]
    assert await core.all(TaskFilter(queues=of_nobody, taken_by="ann")) == [T1, "t-c-1"]
    assert await core.all(TaskFilter(taken_by="ann")) == [T1]


async def test_new_core_writes_what_was_not_written_and_opens_what_was_not_opened(
    core: Core,
) -> None:
    core.hear(ARRIVED, LEFT)
    [opened] = core.told
    again = Core(core.store)
    facts = [ARRIVED, LEFT, opened, SurveyAnswered(C1, "survey", "attitude", 1, "eva")]
    for seq, fact in enumerate(facts):
        again.tasks.remember(Record(seq, 0.0, NOON, fact))
    again.tasks.restored()
    assert [type(event) for event in again.told] == [TaskOpened]
    assert await again.all() == [T1, "t-c-1"]


async def test_new_core_leaves_a_task_that_somebody_has_as_it_is(core: Core) -> None:
    core.hear(ARRIVED, LEFT)
    await core.tasks.take(T1, "ann")
    again = Core(core.store)
    again.tasks.remember(Record(1, 0.0, NOON, core.told[0]))
    again.tasks.restored()
    await again.tasks.flush()
    assert (await again.tasks.get(T1)).taken_by == "ann"


async def test_new_core_brings_no_task_of_an_erased_party_back(core: Core) -> None:
    core.hear(ARRIVED, LEFT)
    [opened] = core.told
    assert isinstance(opened, TaskOpened)
    await core.tasks.erase(PartyId("p-1"))
    again = Core(core.store)
    erased = ErasedLately(again.tasks.forget)
    told = [ARRIVED, LEFT, opened, ActionTaken("sue", ACTION, "p-1", "x.json")]
    told += [ActionTaken("sue", "hang up", "p-2"), replace(opened, task_id=T2, party_id=P2)]
    for seq, fact in enumerate(told):
        for each in (erased, again.tasks):
            each.remember(Record(seq, 0.0, NOON, fact))
    for each in (erased, again.tasks):
        each.restored()
    assert await again.all() == [T2]
    assert again.told == []


async def test_what_was_done_long_ago_is_forgotten(core: Core) -> None:
    core.hear(ARRIVED, LEFT)
    await core.tasks.finish(T1, "ann", "")
    assert await core.tasks.forget_done(NOON) == 0
    assert await core.tasks.forget_done(NOON + timedelta(seconds=1)) == 1
    assert await core.all() == []


async def test_tasks_of_a_party_are_erased_and_no_others(core: Core) -> None:
    core.hear(ARRIVED, LEFT)
    await core.tasks.erase(PartyId("p-somebody-else"))
    assert len(await core.all()) == 1
    await core.tasks.erase(ARRIVED.party_id)
    assert await core.all() == []


async def test_database_without_tables_is_unavailable(tmp_path: Path) -> None:
    engine = make_engine(sqlite_file(tmp_path))
    with pytest.raises(Unavailable, match="no such table"):
        await TaskStore(make_sessions(engine)).get(T1)
    await engine.dispose()
