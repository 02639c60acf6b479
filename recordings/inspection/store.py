"""Inspections in the database; core writes, web reads."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import ForeignKey, Select, Text, func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Mapped, mapped_column

from foundation.db import Base
from foundation.errors import NotFound
from foundation.ids import AgentId, CallId, QueueId, RecordingId
from recordings.inspection.inspection import (
    Appeal,
    Comment,
    Inspection,
    InspectionId,
    State,
)
from recordings.inspection.sampling import Candidate
from recordings.quality.store import QualityResultRow
from recordings.recording import RecordingFilter
from recordings.store import IS_TALK, RecordingRow, UtcDateTime, matching
from recordings.transactions import transaction


class InspectionRow(Base):
    __tablename__ = "inspection"

    inspection_id: Mapped[str] = mapped_column(primary_key=True)
    recording_id: Mapped[str] = mapped_column(
        ForeignKey("recording.recording_id", ondelete="CASCADE"), index=True
    )
    call_id: Mapped[str]
    agent_id: Mapped[str] = mapped_column(index=True)
    queue: Mapped[str]
    inspector: Mapped[str] = mapped_column(index=True)
    plan: Mapped[str]
    drawn: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    calibration: Mapped[str] = mapped_column(index=True, default="")
    state: Mapped[str] = mapped_column(index=True)
    form_version: Mapped[str] = mapped_column(default="")
    sheet: Mapped[str] = mapped_column(Text)
    "Points, faults, comments and summary, as JSON: only ever read all together."
    score: Mapped[float | None]
    submitted: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    appeal: Mapped[str | None] = mapped_column(Text)


class _Sheet(msgspec.Struct, frozen=True):
    points: dict[str, float] | None
    fatal: tuple[str, ...]
    comments: tuple[Comment, ...]
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionFilter:
    """Which inspections are asked for; None means any."""

    inspector: str | None = None
    agent_ids: tuple[AgentId, ...] | None = None
    recording_id: RecordingId | None = None
    calibration: str | None = None
    states: tuple[State, ...] | None = None
    submitted_from: datetime | None = None
    submitted_before: datetime | None = None


class InspectionStore:
    """The database's troubles come as `Unavailable`."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def add(self, inspections: Sequence[Inspection]) -> None:
        async with self._transaction() as session:
            session.add_all([_to_row(each) for each in inspections])

    async def replace(self, inspection: Inspection) -> None:
        async with self._transaction() as session:
            await session.merge(_to_row(inspection))

    async def get(self, inspection_id: InspectionId) -> Inspection:
        async with self._transaction() as session:
            row = await session.get(InspectionRow, inspection_id)
        if row is None:
            raise NotFound(f"There is no inspection {inspection_id!r}.")
        return _to_inspection(row)

    async def find(
        self, wanted: InspectionFilter, limit: int, offset: int = 0
    ) -> tuple[list[Inspection], int]:
        """One page, the newest draw first, and how many there are in all."""
        chosen = _where(wanted)
        page = chosen.order_by(InspectionRow.drawn.desc(), InspectionRow.inspection_id)
        async with self._transaction() as session:
            total = await session.scalar(select(func.count()).select_from(chosen.subquery()))
            rows = await session.scalars(page.limit(limit).offset(offset))
            return [_to_inspection(row) for row in rows], total or 0

    async def calibrations(self) -> list[tuple[str, datetime, int]]:
        """Name, day of the draw and number of sheets; the newest first."""
        query = (
            select(InspectionRow.calibration, func.min(InspectionRow.drawn), func.count())
            .where(InspectionRow.calibration != "")
            .group_by(InspectionRow.calibration)
            .order_by(func.min(InspectionRow.drawn).desc())
        )
        async with self._transaction() as session:
            return [(name, drawn, n) for name, drawn, n in (await session.execute(query))]

    async def candidates(
        self, wanted: RecordingFilter, least_s: float, most: int
    ) -> list[Candidate]:
        """Ended talks of at least `least_s` that were never drawn; the newest `most`."""
        drawn = select(InspectionRow.recording_id)
        query = (
            select(RecordingRow.recording_id, RecordingRow.agent_id, QualityResultRow.score)
            .outerjoin(
                QualityResultRow,
                (QualityResultRow.recording_id == RecordingRow.recording_id)
                & QualityResultRow.counts.is_(True),
            )
            .where(
                RecordingRow.duration_s >= least_s,
                IS_TALK,
                RecordingRow.recording_id.not_in(drawn),
                *matching(wanted),
            )
            .order_by(RecordingRow.started.desc())
            .limit(most)
        )
        async with self._transaction() as session:
            rows = (await session.execute(query)).all()
        return [Candidate(RecordingId(r), AgentId(a), score) for r, a, score in rows]

    async def rule_scores(self, first: datetime, before: datetime) -> list[tuple[AgentId, float]]:
        """Of talks that began in between: the scores that count, by agent."""
        query = (
            select(RecordingRow.agent_id, QualityResultRow.score)
            .join(QualityResultRow, QualityResultRow.recording_id == RecordingRow.recording_id)
            .where(
                QualityResultRow.counts.is_(True),
                IS_TALK,
                RecordingRow.started >= first,
                RecordingRow.started < before,
            )
        )
        async with self._transaction() as session:
            rows = (await session.execute(query)).all()
        return [(AgentId(agent), score) for agent, score in rows]

    def _transaction(self) -> AbstractAsyncContextManager[AsyncSession]:
        return transaction(self._sessions)


def _where(wanted: InspectionFilter) -> Select[InspectionRow]:
    query = select(InspectionRow)
    for column, value in (
        (InspectionRow.inspector, wanted.inspector),
        (InspectionRow.recording_id, wanted.recording_id),
        (InspectionRow.calibration, wanted.calibration),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.agent_ids is not None:
        query = query.where(InspectionRow.agent_id.in_(wanted.agent_ids))
    if wanted.states is not None:
        query = query.where(InspectionRow.state.in_([state.value for state in wanted.states]))
    if wanted.submitted_from is not None:
        query = query.where(InspectionRow.submitted >= wanted.submitted_from)
    if wanted.submitted_before is not None:
        query = query.where(InspectionRow.submitted < wanted.submitted_before)
    return query


def _to_row(inspection: Inspection) -> InspectionRow:
    points = None if inspection.points is None else dict(inspection.points)
    sheet = _Sheet(points, inspection.fatal, inspection.comments, inspection.summary)
    made = inspection.appeal
    return InspectionRow(
        inspection_id=inspection.inspection_id,
        recording_id=inspection.recording_id,
        call_id=inspection.call_id,
        agent_id=inspection.agent_id,
        queue=inspection.queue,
        inspector=inspection.inspector,
        plan=inspection.plan,
        drawn=inspection.drawn,
        calibration=inspection.calibration,
        state=inspection.state.value,
        form_version=inspection.form_version,
        sheet=msgspec.json.encode(sheet).decode(),
        score=inspection.score,
        submitted=inspection.submitted,
        appeal=None if made is None else msgspec.json.encode(made).decode(),
    )


def _to_inspection(row: InspectionRow) -> Inspection:
    sheet = msgspec.json.decode(row.sheet, type=_Sheet)
    return Inspection(
        inspection_id=InspectionId(row.inspection_id),
        recording_id=RecordingId(row.recording_id),
        call_id=CallId(row.call_id),
        agent_id=AgentId(row.agent_id),
        queue=QueueId(row.queue),
        inspector=row.inspector,
        plan=row.plan,
        drawn=row.drawn,
        calibration=row.calibration,
        state=State(row.state),
        form_version=row.form_version,
        points=sheet.points,
        fatal=sheet.fatal,
        comments=sheet.comments,
        summary=sheet.summary,
        score=row.score,
        submitted=row.submitted,
        appeal=None if row.appeal is None else msgspec.json.decode(row.appeal, type=Appeal),
    )
