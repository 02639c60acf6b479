"""Legal holds, and what is to be deleted of recordings; core writes.

Deleting a recording's row takes its archive's, marks', transcript's and search's rows along: they
have foreign keys to it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, delete, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Mapped, mapped_column

from foundation.db import Base
from foundation.ids import CallId, QueueId, RecordingId
from recordings.archiving.archive_store import ArchiveRow
from recordings.search_rows import CallClassRow
from recordings.store import RecordingRow, TranscriptRow, UtcDateTime
from recordings.transactions import transaction

ROWS_AT_ONCE = 500
"Databases limit the parameters of one statement."


@dataclass(frozen=True, slots=True)
class Hold:
    """Why nobody may delete a recording."""

    recording_id: RecordingId
    reason: str
    by: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Doomed:
    """A recording that is to go, and where its files are."""

    recording_id: RecordingId
    call_id: CallId
    is_open: bool
    "The talk goes on."
    file: str
    "The WAV."
    keys: tuple[str, ...]
    "On the shelf: audio and peaks."
    transcript_sides: int


class HoldRow(Base):
    __tablename__ = "recording_hold"

    recording_id: Mapped[str] = mapped_column(
        ForeignKey("recording.recording_id", ondelete="RESTRICT"), primary_key=True
    )
    reason: Mapped[str]
    held_by: Mapped[str]
    since: Mapped[datetime] = mapped_column(UtcDateTime)


class VaultStore:
    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def hold(self, hold: Hold) -> None:
        """In place of an earlier one."""
        async with transaction(self._sessions) as session:
            await session.merge(
                HoldRow(
                    recording_id=hold.recording_id,
                    reason=hold.reason,
                    held_by=hold.by,
                    since=hold.since,
                )
            )

    async def release(self, recording_id: RecordingId) -> None:
        async with transaction(self._sessions) as session:
            await session.execute(delete(HoldRow).where(HoldRow.recording_id == recording_id))

    async def holds(self, recording_ids: Sequence[RecordingId]) -> list[Hold]:
        """Those of these recordings that are held, by id."""
        found: list[Hold] = []
        async with transaction(self._sessions) as session:
            for some in _pieces(recording_ids):
                rows = await session.scalars(select(HoldRow).where(HoldRow.recording_id.in_(some)))
                found += [
                    Hold(RecordingId(row.recording_id), row.reason, row.held_by, row.since)
                    for row in rows
                ]
        return sorted(found, key=lambda hold: hold.recording_id)

    async def of_calls(self, call_ids: Collection[CallId]) -> list[Doomed]:
        """All that these calls left, also what is held or goes on."""
        found: list[Doomed] = []
        for some in _pieces(sorted(call_ids)):
            found += await self._doomed(RecordingRow.call_id.in_(some))
        return found

    async def queues(self) -> list[QueueId]:
        """That there are recordings of."""
        async with transaction(self._sessions) as session:
            return [
                QueueId(one) for one in await session.scalars(select(RecordingRow.queue).distinct())
            ]

    async def older(self, queue: QueueId, before: datetime, limit: int) -> list[Doomed]:
        """Ended ones that nobody holds, of talks that began before that."""
        return await self._doomed(
            RecordingRow.queue == queue,
            RecordingRow.started < before,
            RecordingRow.complete.is_not(None),
            RecordingRow.recording_id.not_in(select(HoldRow.recording_id)),
            limit=limit,
        )

    async def delete(self, doomed: Sequence[Doomed]) -> None:
        """Their rows; what a call was about goes with the last of its recordings."""
        async with transaction(self._sessions) as session:
            for some in _pieces([each.recording_id for each in doomed]):
                await session.execute(
                    delete(RecordingRow).where(RecordingRow.recording_id.in_(some))
                )
            for calls in _pieces(sorted({each.call_id for each in doomed})):
                await session.execute(
                    delete(CallClassRow)
                    .where(CallClassRow.call_id.in_(calls))
                    .where(CallClassRow.call_id.not_in(select(RecordingRow.call_id)))
                )

    async def _doomed(
        self, *conditions: ColumnElement[bool], limit: int | None = None
    ) -> list[Doomed]:
        query = (
            select(RecordingRow, ArchiveRow.audio_key, ArchiveRow.peaks_key)
            .outerjoin(ArchiveRow, ArchiveRow.recording_id == RecordingRow.recording_id)
            .where(*conditions)
            .order_by(RecordingRow.started, RecordingRow.recording_id)
            .limit(limit)
        )
        async with transaction(self._sessions) as session:
            rows = (await session.execute(query)).all()
            sides: dict[str, int] = {}
            for some in _pieces([row.recording_id for row, _, _ in rows]):
                written = select(TranscriptRow.recording_id).where(
                    TranscriptRow.recording_id.in_(some)
                )
                for one in await session.scalars(written):
                    sides[one] = sides.get(one, 0) + 1
        return [
            Doomed(
                recording_id=RecordingId(row.recording_id),
                call_id=CallId(row.call_id),
                is_open=row.complete is None,
                file=row.file,
                keys=tuple(key for key in (audio_key, peaks_key) if key),
                transcript_sides=sides.get(row.recording_id, 0),
            )
            for row, audio_key, peaks_key in rows
        ]


def _pieces(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + ROWS_AT_ONCE] for start in range(0, len(ids), ROWS_AT_ONCE)]
