"""Which recordings wait for their archive, and under which keys the others are; core writes.

queue ──▶ WAITING ── keep ──▶ PROVED, the WAV is there still ── removed ──▶ KEPT
             └── give_up ──▶ FAILED: the WAV stays
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from sqlalchemy import BigInteger, ForeignKey, Row, Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Mapped, mapped_column

from foundation.db import Base, insert_missing
from foundation.ids import RecordingId
from recordings.recording import TranscriptState
from recordings.store import RecordingRow
from recordings.transactions import transaction


class ArchiveState(StrEnum):
    WAITING = "waiting"
    PROVED = "proved"
    "On the shelf, and the WAV beside it is to be removed."
    KEPT = "kept"
    FAILED = "failed"


ON_SHELF = (ArchiveState.PROVED.value, ArchiveState.KEPT.value)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A recording whose audio is to be archived."""

    recording_id: RecordingId
    file: str
    attempts: int
    started: datetime


@dataclass(frozen=True, slots=True)
class Archived:
    """Where the audio is."""

    audio_key: str
    peaks_key: str
    wav_bytes: int
    flac_bytes: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where an ended recording's audio ought to be."""

    recording_id: RecordingId
    file: str
    "The WAV; it is there while there are no keys."
    duration_s: float
    audio_key: str
    "'' before the archive; so is the next one."
    peaks_key: str


class ArchiveRow(Base):
    __tablename__ = "recording_archive"

    recording_id: Mapped[str] = mapped_column(
        ForeignKey("recording.recording_id", ondelete="CASCADE"), primary_key=True
    )
    state: Mapped[str] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str] = mapped_column(default="")
    audio_key: Mapped[str] = mapped_column(default="")
    peaks_key: Mapped[str] = mapped_column(default="")
    wav_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    flac_bytes: Mapped[int] = mapped_column(BigInteger, default=0)


class ArchiveStore:
    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def queue(self, *recording_ids: RecordingId) -> None:
        """Nothing for those that are known already."""
        if not recording_ids:
            return
        state = ArchiveState.WAITING.value
        rows = [{"recording_id": each, "state": state} for each in recording_ids]
        async with transaction(self._sessions) as session:
            await session.execute(insert_missing(session, ArchiveRow), rows)

    async def waiting(
        self, limit: int, *, also_untranscribed: bool, overdue_before: datetime | None = None
    ) -> list[Waiting]:
        """Ended ones, the oldest first; who is to be transcribed first is left out otherwise, but
        for talks that began before `overdue_before`."""
        query = (
            select(
                ArchiveRow.recording_id,
                RecordingRow.file,
                ArchiveRow.attempts,
                RecordingRow.started,
            )
            .join(RecordingRow, RecordingRow.recording_id == ArchiveRow.recording_id)
            .where(ArchiveRow.state == ArchiveState.WAITING.value)
            .where(RecordingRow.complete.is_not(None))
            .order_by(RecordingRow.started)
            .limit(limit)
        )
        if not also_untranscribed:
            may_go = RecordingRow.transcript != TranscriptState.QUEUED.value
            if overdue_before is not None:
                may_go |= RecordingRow.started < overdue_before
            query = query.where(may_go)
        async with transaction(self._sessions) as session:
            rows = await session.execute(query)
            return [
                Waiting(RecordingId(each), file, count, started)
                for each, file, count, started in rows
            ]

    async def attempts(self, recording_id: RecordingId) -> int:
        async with transaction(self._sessions) as session:
            row = await session.get(ArchiveRow, recording_id)
        return 0 if row is None else row.attempts

    async def count_attempt(self, recording_id: RecordingId, attempts: int) -> None:
        await self._change(recording_id, attempts=attempts)

    async def give_up(self, recording_id: RecordingId, problem: str) -> None:
        await self._change(recording_id, state=ArchiveState.FAILED.value, problem=problem)

    async def keep(self, recording_id: RecordingId, archived: Archived) -> None:
        """From now on the audio is on the shelf, whether the WAV is there or not."""
        await self._change(
            recording_id,
            state=ArchiveState.PROVED.value,
            problem="",
            audio_key=archived.audio_key,
            peaks_key=archived.peaks_key,
            wav_bytes=archived.wav_bytes,
            flac_bytes=archived.flac_bytes,
        )

    async def removed(self, recording_id: RecordingId) -> None:
        """The WAV is no more."""
        await self._change(recording_id, state=ArchiveState.KEPT.value)

    async def with_wav(self) -> list[tuple[RecordingId, str]]:
        """Proved ones, and the file that is to be removed."""
        query = (
            select(ArchiveRow.recording_id, RecordingRow.file)
            .join(RecordingRow, RecordingRow.recording_id == ArchiveRow.recording_id)
            .where(ArchiveRow.state == ArchiveState.PROVED.value)
        )
        async with transaction(self._sessions) as session:
            return [(RecordingId(each), file) for each, file in await session.execute(query)]

    async def find(self, recording_id: RecordingId) -> Archived | None:
        """None while the WAV is all there is."""
        async with transaction(self._sessions) as session:
            row = await session.get(ArchiveRow, recording_id)
        if row is None or row.state not in ON_SHELF:
            return None
        return Archived(row.audio_key, row.peaks_key, row.wav_bytes, row.flac_bytes)

    async def count_ended(self) -> int:
        async with transaction(self._sessions) as session:
            ended = RecordingRow.complete.is_not(None)
            return await session.scalar(select(func.count()).where(ended)) or 0

    async def places(self, after: str = "", limit: int = 200) -> list[Place]:
        """Of ended recordings, by id; those after `after`."""
        query = _places().where(RecordingRow.recording_id > after).limit(limit)
        async with transaction(self._sessions) as session:
            return [_to_place(row) for row in await session.execute(query)]

    async def find_place(self, recording_id: RecordingId) -> Place | None:
        """None for a recording that there is not, or that goes on."""
        query = _places().where(RecordingRow.recording_id == recording_id)
        async with transaction(self._sessions) as session:
            row = (await session.execute(query)).one_or_none()
        return None if row is None else _to_place(row)

    async def find_key(self, recording_id: RecordingId) -> str:
        """Of the FLAC; '' while the WAV is all there is."""
        archived = await self.find(recording_id)
        return "" if archived is None else archived.audio_key

    async def _change(self, recording_id: RecordingId, **values: object) -> None:
        async with transaction(self._sessions) as session:
            await session.execute(
                update(ArchiveRow).where(ArchiveRow.recording_id == recording_id).values(**values)
            )


_Columns: TypeAlias = tuple[str, str, float | None, str | None, str | None, str | None]


def _places() -> Select[*_Columns]:
    return (
        select(
            RecordingRow.recording_id,
            RecordingRow.file,
            RecordingRow.duration_s,
            ArchiveRow.state,
            ArchiveRow.audio_key,
            ArchiveRow.peaks_key,
        )
        .outerjoin(ArchiveRow, ArchiveRow.recording_id == RecordingRow.recording_id)
        .where(RecordingRow.complete.is_not(None))
        .order_by(RecordingRow.recording_id)
    )


def _to_place(row: Row[*_Columns]) -> Place:
    recording_id, file, duration_s, state, audio_key, peaks_key = row
    if state not in ON_SHELF:
        audio_key = peaks_key = ""
    return Place(
        RecordingId(recording_id), file, duration_s or 0.0, audio_key or "", peaks_key or ""
    )
