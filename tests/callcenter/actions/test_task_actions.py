"""A task's caller is called back by the queue's agents, and the task is then who asked."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acd.events import CallbackQueued
from callcenter.actions.tasks import TaskActions
from callcenter.events import ActionTaken
from desk.events import TaskTaken
from desk.options import TaskOptions
from desk.service import TaskService
from desk.store import TaskStore
from desk.task import TaskState
from foundation.errors import Conflict, RemoteError
from foundation.ids import CallId, PartyId, TaskId
from ivr.events import VoicemailLeft
from telephony.calls.events import CallArrived
from tests.support.database import fresh_sessions, sqlite_file
from tests.support.fake_house import House
from tests.support.kept_house import AllNumbers
from wallboard.commands import CallBackForTask, FinishTask, ReleaseTask, TakeTask

NOON = datetime(2026, 10, 12, 12, tzinfo=UTC)
C1, CALLER = CallId("c-1"), PartyId("p-13900000001")
T1 = TaskId("t-vm-1")
CALL_BACK = CallBackForTask(task_id=T1, callback_id="b-1", by="ann")


class Office:
    def __init__(self, store: TaskStore) -> None:
        self.house = House(numbers=AllNumbers())
        self.tasks = TaskService(TaskOptions(), store, self.house.tell, lambda: NOON)
        self.house.conductor.listen(self.tasks.on_event)
        self.actions = TaskActions(
            self.tasks, self.house.journey.callbacks, self.house, self.house.tell
        )

    async def message(self, queue: str = "orders") -> None:
        self.house.tell(CallArrived(C1, CALLER, "8000"))
        self.house.tell(VoicemailLeft(C1, "sales", "vm-1", 3.0, queue))

    async def state(self) -> tuple[TaskState, str]:
        task = await self.tasks.get(T1)
        return task.state, task.taken_by


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with fresh_sessions(sqlite_file(tmp_path)) as sessions:
        yield Office(TaskStore(sessions))


async def test_caller_is_called_back_by_the_tasks_queue(office: Office) -> None:
    await office.message()
    await office.actions.perform(CALL_BACK)
    [queued] = [event for event in office.house.events if isinstance(event, CallbackQueued)]
    assert (queued.queue, queued.party_id) == ("orders", CALLER)
    assert TaskTaken(T1, "ann") in office.house.events
    assert await office.state() == (TaskState.TAKEN, "ann")


async def test_nobody_is_called_back_from_nowhere_or_without_a_number(office: Office) -> None:
    await office.message(queue="")
    with pytest.raises(RemoteError, match="from which queue"):
        await office.actions.perform(CALL_BACK)
    office.house.erased.add(CALLER)
    with pytest.raises(Conflict, match="erased"):
        await office.actions.perform(
            CallBackForTask(task_id=T1, callback_id="b-1", queue="orders", by="ann")
        )
    assert await office.state() == (TaskState.OPEN, "")


async def test_who_is_called_back_already_is_not_promised_it_twice(office: Office) -> None:
    await office.message()
    await office.actions.perform(CALL_BACK)
    with pytest.raises(Conflict):
        await office.actions.perform(CallBackForTask(task_id=T1, callback_id="b-2", by="ann"))


async def test_of_two_who_call_the_same_caller_back_at_once_one_does_and_is_in_the_audit(
    office: Office,
) -> None:
    """He has left two messages."""
    await office.message()
    office.house.tell(VoicemailLeft(C1, "sales", "vm-2", 3.0, "orders"))
    second = CallBackForTask(task_id="t-vm-2", callback_id="b-2", by="bob")
    came = await asyncio.gather(
        office.actions.perform(CALL_BACK), office.actions.perform(second), return_exceptions=True
    )

    events = office.house.events
    assert sorted(type(each).__name__ for each in came) == ["Conflict", "NoneType"]
    assert len([event for event in events if isinstance(event, CallbackQueued)]) == 1
    assert len([event for event in events if isinstance(event, ActionTaken)]) == 1
    tasks = [await office.tasks.get(each) for each in (T1, TaskId("t-vm-2"))]
    assert sorted(task.state for task in tasks) == [TaskState.OPEN, TaskState.TAKEN]


async def test_task_is_taken_released_and_done_by_command(office: Office) -> None:
    await office.message()
    await office.actions.perform(TakeTask(task_id=T1, by="ann"))
    await office.actions.perform(ReleaseTask(task_id=T1, by="ann"))
    await office.actions.perform(FinishTask(task_id=T1, by="bob", note="no matter"))
    assert await office.state() == (TaskState.DONE, "bob")
