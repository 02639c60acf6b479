"""Marks in the database; core writes, web reads."""

from collections.abc import Collection, Sequence

from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Mapped, mapped_column

from foundation.db import Base
from foundation.ids import RecordingId
from recordings.marking.marks import Mark, MarkKind
from recordings.transactions import transaction


class MarkRow(Base):
    __tablename__ = "recording_mark"

    recording_id: Mapped[str] = mapped_column(
        ForeignKey("recording.recording_id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    from_s: Mapped[float]
    to_s: Mapped[float | None]
    side: Mapped[str]
    party: Mapped[str]


class MarkStore:
    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def save(self, recording_id: RecordingId, marks: Sequence[Mark]) -> None:
        """Those of the same number are replaced."""
        async with transaction(self._sessions) as session:
            for mark in marks:
                await session.merge(_to_row(recording_id, mark))

    async def marked(self, recording_ids: Collection[RecordingId]) -> set[RecordingId]:
        """Those that have marks at all."""
        query = select(MarkRow.recording_id).where(MarkRow.recording_id.in_(recording_ids))
        async with transaction(self._sessions) as session:
            return {RecordingId(each) for each in await session.scalars(query.distinct())}

    async def of(self, recording_id: RecordingId) -> list[Mark]:
        """In the order in which they began."""
        async with transaction(self._sessions) as session:
            rows = await session.scalars(
                select(MarkRow)
                .where(MarkRow.recording_id == recording_id)
                .order_by(MarkRow.from_s, MarkRow.number)
            )
            return [_to_mark(row) for row in rows]


def _to_row(recording_id: RecordingId, mark: Mark) -> MarkRow:
    return MarkRow(
        recording_id=recording_id,
        number=mark.number,
        kind=mark.kind.value,
        from_s=mark.from_s,
        to_s=mark.to_s,
        side=mark.side,
        party=mark.party,
    )


def _to_mark(row: MarkRow) -> Mark:
    return Mark(row.number, MarkKind(row.kind), row.from_s, row.to_s, row.side, row.party)
