"""Tasks in the database; the same on SQLite and PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, Select, Text, delete, func, or_, select
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from desk.task import Task, TaskFilter, TaskKind, TaskState
from foundation.db import Base
from foundation.errors import NotFound, Unavailable
from foundation.ids import AgentId, CallId, PartyId, QueueId, RecordingId, TaskId


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC on both sides; SQLite alone would give back naive times."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class TaskRow(Base):
    __tablename__ = "task"

    task_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(index=True)
    call_id: Mapped[str] = mapped_column(index=True)
    party_id: Mapped[str]
    line: Mapped[str]
    queue: Mapped[str] = mapped_column(index=True)
    opened: Mapped[datetime] = mapped_column(UtcDateTime)
    due: Mapped[datetime] = mapped_column(UtcDateTime)
    recording_id: Mapped[str] = mapped_column(default="")
    agent_id: Mapped[str] = mapped_column(default="")
    detail: Mapped[str] = mapped_column(default="")
    taken_by: Mapped[str] = mapped_column(default="")
    changed: Mapped[datetime | None] = mapped_column(UtcDateTime)
    note: Mapped[str] = mapped_column(Text, default="")


class TaskStore:
    """Core writes, the web process reads."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def add(self, tasks: Sequence[Task]) -> None:
        """Those that are not there yet; the others stay as they are."""
        async with self._transaction() as session:
            wanted = {task.task_id: task for task in tasks}
            known = await session.scalars(
                select(TaskRow.task_id).where(TaskRow.task_id.in_(wanted))
            )
            for task_id in set(known):
                del wanted[TaskId(task_id)]
            session.add_all(map(_to_row, wanted.values()))

    async def save(self, task: Task) -> None:
        async with self._transaction() as session:
            await session.merge(_to_row(task))

    async def get(self, task_id: TaskId) -> Task:
        """NotFound for one that there is not."""
        async with self._transaction() as session:
            row = await session.get(TaskRow, task_id)
        if row is None:
            raise NotFound(f"There is no task {task_id!r}.")
        return _to_task(row)

    async def find(
        self, wanted: TaskFilter, limit: int = 200, offset: int = 0
    ) -> tuple[list[Task], int]:
        """One page, what is due first comes first, and how many there are in all."""
        chosen = _where(select(TaskRow), wanted)
        in_order = chosen.order_by(TaskRow.due, TaskRow.task_id).limit(limit).offset(offset)
        async with self._transaction() as session:
            total = await session.scalar(select(func.count()).select_from(chosen.subquery()))
            rows = await session.scalars(in_order)
            return [_to_task(row) for row in rows], total or 0

    async def forget_done(self, before: datetime) -> int:
        """Those that were done before; how many."""
        gone = (TaskRow.state == TaskState.DONE.value) & (TaskRow.changed < before)
        async with self._transaction() as session:
            count = await session.scalar(select(func.count()).select_from(TaskRow).where(gone))
            await session.execute(delete(TaskRow).where(gone))
            return count or 0

    async def erase(self, party_id: PartyId) -> None:
        """What was to be done for that party, and what was noted about it."""
        async with self._transaction() as session:
            await session.execute(delete(TaskRow).where(TaskRow.party_id == party_id))

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncSession]:
        try:
            async with self._sessions.begin() as session:
                yield session
        except (OperationalError, InterfaceError, OSError) as error:
            raise Unavailable(f"the database does not answer: {error}") from error


def _where(query: Select[TaskRow], wanted: TaskFilter) -> Select[TaskRow]:
    if wanted.states is not None:
        query = query.where(TaskRow.state.in_([state.value for state in wanted.states]))
    if wanted.kind is not None:
        query = query.where(TaskRow.kind == wanted.kind.value)
    if wanted.call_id is not None:
        query = query.where(TaskRow.call_id == wanted.call_id)
    if wanted.queues is not None:
        of_queues = TaskRow.queue.in_(list(wanted.queues))
        own = TaskRow.taken_by == (wanted.taken_by or "")
        return query.where(or_(of_queues, own) if wanted.taken_by else of_queues)
    return query if wanted.taken_by is None else query.where(TaskRow.taken_by == wanted.taken_by)


def _to_row(task: Task) -> TaskRow:
    return TaskRow(
        task_id=task.task_id,
        kind=task.kind.value,
        state=task.state.value,
        call_id=task.call_id,
        party_id=task.party_id,
        line=task.line,
        queue=task.queue,
        opened=task.opened,
        due=task.due,
        recording_id=task.recording_id,
        agent_id=task.agent_id,
        detail=task.detail,
        taken_by=task.taken_by,
        changed=task.changed,
        note=task.note,
    )


def _to_task(row: TaskRow) -> Task:
    return Task(
        task_id=TaskId(row.task_id),
        kind=TaskKind(row.kind),
        state=TaskState(row.state),
        call_id=CallId(row.call_id),
        party_id=PartyId(row.party_id),
        line=row.line,
        queue=QueueId(row.queue),
        opened=row.opened,
        due=row.due,
        recording_id=RecordingId(row.recording_id),
        agent_id=AgentId(row.agent_id),
        detail=row.detail,
        taken_by=row.taken_by,
        changed=row.changed,
        note=row.note,
    )
