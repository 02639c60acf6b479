"""Tasks in core: opened by events, taken and done by people; the one writer of their table.

event ─▶ TaskWatch ─▶ TaskOpened ─▶ journal, row (a moment later)
take, release, finish ─▶ row ─▶ TaskTaken, TaskReleased, TaskDone ─▶ journal
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from desk.events import TaskDone, TaskEvent, TaskOpened, TaskReleased, TaskTaken
from desk.options import TaskOptions
from desk.store import TaskStore
from desk.task import Task, TaskKind
from desk.watch import TaskWatch
from foundation.ids import PartyId, TaskId
from foundation.record import Record
from foundation.write_behind import WriteBehind

log = logging.getLogger(__name__)


class TaskService:
    """`tell` takes every fact to the journal and back to `on_event`."""

    def __init__(
        self,
        options: TaskOptions,
        store: TaskStore,
        tell: Callable[[TaskEvent], None],
        utc_now: Callable[[], datetime],
    ) -> None:
        self._watch = TaskWatch(options)
        self._store = store
        self._tell = tell
        self._utc_now = utc_now
        self._one_at_a_time = asyncio.Lock()
        "Of two who take a task the second is told that the first has it."
        self._behind: WriteBehind[Task] = WriteBehind("tasks", store.add)

    def on_event(self, event: object) -> None:
        now = self._utc_now()
        if isinstance(event, TaskOpened):
            self._behind.put(_of(event, now))
        for opened in self._watch.on_event(event, now):
            self._tell(opened)

    # What the journal has of the last days (`callcenter.revival.take_over.Remembers`): rows that
    # were not written are, and what the last core did not come to open is opened.

    def remember(self, record: Record[object]) -> None:
        self._watch.on_event(record.event, record.utc)
        if isinstance(record.event, TaskOpened):
            self._behind.put(_of(record.event, record.utc))

    def restored(self) -> None:
        for opened in self._watch.missing:
            log.info("a task that the last core did not come to: %s", opened.kind)
            self._tell(opened)

    async def run(self) -> None:
        """Writes rows until it is cancelled; `flush` writes the rest."""
        await self._behind.run()

    async def flush(self) -> None:
        await self._behind.flush()

    async def forget_done(self, before: datetime) -> int:
        """Rows of tasks that were done before; how many."""
        return await self._store.forget_done(before)

    async def erase(self, party_id: PartyId) -> None:
        await self._behind.flush()
        await self._store.erase(party_id)

    # -- people ----------------------------------------------------------------------------------

    async def get(self, task_id: TaskId) -> Task:
        await self._behind.flush()
        return await self._store.get(task_id)

    async def take(self, task_id: TaskId, by: str) -> Task:
        """Raises NotFound; Conflict when somebody else has it, or it is done."""
        async with self._one_at_a_time:
            task = (await self.get(task_id)).taken(by, self._utc_now())
            await self._store.save(task)
        self._tell(TaskTaken(task_id, by))
        return task

    async def release(self, task_id: TaskId, by: str) -> None:
        async with self._one_at_a_time:
            task = (await self.get(task_id)).released(self._utc_now())
            await self._store.save(task)
        self._tell(TaskReleased(task_id, by))

    async def finish(self, task_id: TaskId, by: str, note: str) -> None:
        async with self._one_at_a_time:
            task = (await self.get(task_id)).done(by, note, self._utc_now())
            await self._store.save(task)
        self._tell(TaskDone(task_id, by))


def _of(opened: TaskOpened, utc: datetime) -> Task:
    return Task(
        task_id=opened.task_id,
        kind=TaskKind(opened.kind),
        call_id=opened.call_id,
        party_id=opened.party_id,
        line=opened.line,
        queue=opened.queue,
        opened=utc,
        due=opened.due,
        recording_id=opened.recording_id,
        agent_id=opened.agent_id,
        detail=opened.detail,
    )
