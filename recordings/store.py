"""Recordings and transcripts in the database; the same on SQLite and PostgreSQL."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from sqlalchemy import (
    ColumnElement,
    DateTime,
    Dialect,
    ForeignKey,
    Text,
    bindparam,
    func,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from foundation.db import Base, insert_missing
from foundation.errors import NotFound
from foundation.ids import AgentId, CallId, QueueId, RecordingId
from recordings.messages import HeardWord
from recordings.recogniser import Word
from recordings.recording import Recording, RecordingFilter, SideTranscript, TranscriptState
from recordings.search_rows import add_classes, replace_parts
from recordings.terms import IndexPart
from recordings.transactions import transaction
from telephony.calls.events import Side


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


class RecordingRow(Base):
    __tablename__ = "recording"

    recording_id: Mapped[str] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(index=True)
    agent_id: Mapped[str] = mapped_column(index=True)
    queue: Mapped[str] = mapped_column(index=True)
    file: Mapped[str]
    started: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    caller_language: Mapped[str]
    agent_language: Mapped[str]
    duration_s: Mapped[float | None]
    complete: Mapped[bool | None]
    transcript: Mapped[str] = mapped_column(index=True)
    transcript_problem: Mapped[str] = mapped_column(default="")
    attempts: Mapped[int] = mapped_column(default=0)
    raised_to: Mapped[int | None]


class TranscriptRow(Base):
    """One side's words; JSON because they are only ever read all together."""

    __tablename__ = "transcript"

    recording_id: Mapped[str] = mapped_column(
        ForeignKey("recording.recording_id", ondelete="CASCADE"), primary_key=True
    )
    side: Mapped[str] = mapped_column(primary_key=True)
    language: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    "The words as one readable line, for searching."
    words: Mapped[str] = mapped_column(Text)
    "[[text, start_s, end_s, confidence], …]"


@dataclass(frozen=True, slots=True)
class Ended:
    """A closed file; `transcript` says whether one will follow."""

    recording_id: RecordingId
    duration_s: float
    complete: bool
    transcript: TranscriptState


_RECORDINGS = RecordingRow.__table__
END = (
    update(RecordingRow.__table__)  # type: ignore[arg-type]  # a table, the stubs say less
    .where(_RECORDINGS.c.recording_id == bindparam("ended"))
    .values({name: bindparam(name) for name in ("duration_s", "complete", "transcript")})
)
"With many rows at once, past the ORM."


class RecordingStore:
    """All reading and writing of recordings' rows; core writes, web reads."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def add(self, *recordings: Recording) -> None:
        """In one transaction. A row may be there although its first commit seemed to fail."""
        async with self._transaction() as session:
            rows = [_to_row(recording) for recording in recordings]
            await session.execute(insert_missing(session, RecordingRow), rows)

    async def end(self, *ended: Ended) -> None:
        """The files are closed; in one transaction."""
        async with self._transaction() as session:
            await session.execute(END, [_to_values(each) for each in ended])

    async def count_attempt(self, recording_id: RecordingId, attempts: int) -> None:
        await self._change(recording_id, attempts=attempts)

    async def raise_to(self, recording_id: RecordingId, priority: int) -> None:
        await self._change(recording_id, raised_to=priority)

    async def give_up(self, recording_id: RecordingId, problem: str) -> None:
        await self._change(
            recording_id, transcript=TranscriptState.FAILED.value, transcript_problem=problem
        )

    async def requeue(self, recording_id: RecordingId) -> bool:
        """Once more from the start; False for a recording that was not given up."""
        async with self._transaction() as session:
            taken = await session.execute(
                update(RecordingRow)
                .where(RecordingRow.recording_id == recording_id)
                .where(RecordingRow.transcript == TranscriptState.FAILED.value)
                .values(transcript=TranscriptState.QUEUED.value, transcript_problem="", attempts=0)
                .returning(RecordingRow.recording_id)
            )
            return taken.scalar_one_or_none() is not None

    async def classify(self, *classes: tuple[CallId, str, str]) -> None:
        """Notes what calls were about: (call, kind, name). Those without a recording are passed
        over, and so is what is known."""
        called = RecordingRow.call_id
        wanted = {call_id for call_id, _, _ in classes}
        async with self._transaction() as session:
            recorded = set(await session.scalars(select(called).where(called.in_(wanted))))
            await add_classes(session, [each for each in classes if each[0] in recorded])

    async def save_transcript(
        self,
        recording_id: RecordingId,
        sides: Sequence[SideTranscript],
        parts: Mapping[Side, Sequence[IndexPart]] | None = None,
    ) -> bool:
        """Stores both sides in one go; False when this recording has its transcript already.

        `parts`: what each side is found by; None: it is not found before it is indexed again.
        """
        async with self._transaction() as session:
            # The update comes first: it locks the row, so of two savers one sees READY.
            taken = await session.execute(
                update(RecordingRow)
                .where(RecordingRow.recording_id == recording_id)
                .where(RecordingRow.transcript != TranscriptState.READY.value)
                .values(transcript=TranscriptState.READY.value, transcript_problem="")
                .returning(RecordingRow.recording_id)
            )
            if taken.scalar_one_or_none() is None:
                return False
            session.add_all(_to_transcript_row(recording_id, side) for side in sides)
            if parts is not None:
                by_side = [(side.value, each) for side, each in parts.items()]
                await replace_parts(session, recording_id, by_side)
        return True

    async def get(self, recording_id: RecordingId) -> Recording:
        async with self._transaction() as session:
            row = await session.get(RecordingRow, recording_id)
        if row is None:
            raise NotFound(f"there is no recording {recording_id!r}")
        return to_recording(row)

    async def find(
        self, wanted: RecordingFilter, limit: int, offset: int
    ) -> tuple[list[Recording], int]:
        """One page, the newest first, and how many there are in all."""
        chosen = select(RecordingRow).where(*matching(wanted))
        newest_first = chosen.order_by(RecordingRow.started.desc(), RecordingRow.recording_id)
        async with self._transaction() as session:
            total = await session.scalar(select(func.count()).select_from(chosen.subquery()))
            rows = await session.scalars(newest_first.limit(limit).offset(offset))
            return [to_recording(row) for row in rows], total or 0

    async def open_recordings(self) -> list[Recording]:
        """Those whose end nobody told: the talk goes on, or core was killed during it."""
        return await self._all(RecordingRow.complete.is_(None))

    async def failed(self, limit: int | None = None) -> tuple[list[Recording], int]:
        """Those whose transcript was given up, the newest first, and how many there are."""
        chosen = select(RecordingRow).where(RecordingRow.transcript == TranscriptState.FAILED.value)
        async with self._transaction() as session:
            total = await session.scalar(select(func.count()).select_from(chosen.subquery()))
            rows = await session.scalars(
                chosen.order_by(RecordingRow.started.desc(), RecordingRow.recording_id).limit(limit)
            )
            return [to_recording(row) for row in rows], total or 0

    async def queued(self) -> list[Recording]:
        """Those that wait for their transcript, the oldest first."""
        return await self._all(RecordingRow.transcript == TranscriptState.QUEUED.value)

    async def transcript(self, recording_id: RecordingId) -> list[SideTranscript]:
        """The sides in order, caller first; empty without a transcript."""
        async with self._transaction() as session:
            rows = await session.scalars(
                select(TranscriptRow).where(TranscriptRow.recording_id == recording_id)
            )
            sides = {row.side: to_side(row) for row in rows}
        return [sides[side.value] for side in Side if side.value in sides]

    def _transaction(self) -> AbstractAsyncContextManager[AsyncSession]:
        return transaction(self._sessions)

    async def _all(self, condition: ColumnElement[bool]) -> list[Recording]:
        async with self._transaction() as session:
            rows = await session.scalars(
                select(RecordingRow).where(condition).order_by(RecordingRow.started)
            )
            return [to_recording(row) for row in rows]

    async def _change(self, recording_id: RecordingId, **values: object) -> None:
        async with self._transaction() as session:
            await session.execute(
                update(RecordingRow)
                .where(RecordingRow.recording_id == recording_id)
                .values(**values)
            )


IS_TALK = RecordingRow.agent_id != ""
"Else it is a message: `Recording.is_message`."


def matching(wanted: RecordingFilter) -> list[ColumnElement[bool]]:
    """Conditions on `RecordingRow`, for `where`."""
    found = [
        column == value
        for column, value in (
            (RecordingRow.call_id, wanted.call_id),
            (RecordingRow.agent_id, wanted.agent_id),
            (RecordingRow.queue, wanted.queue),
        )
        if value is not None
    ]
    if wanted.agents is not None:
        found.append(RecordingRow.agent_id.in_(sorted(wanted.agents)))
    if wanted.started_from is not None:
        found.append(RecordingRow.started >= wanted.started_from)
    if wanted.started_before is not None:
        found.append(RecordingRow.started < wanted.started_before)
    return found


def _to_row(recording: Recording) -> dict[str, object]:
    caller_language, agent_language = recording.languages
    return dict(
        recording_id=recording.recording_id,
        call_id=recording.call_id,
        agent_id=recording.agent_id,
        queue=recording.queue,
        file=recording.file,
        started=recording.started,
        caller_language=caller_language,
        agent_language=agent_language,
        duration_s=recording.duration_s,
        complete=recording.complete,
        transcript=recording.transcript.value,
        transcript_problem=recording.transcript_problem,
        attempts=recording.attempts,
        raised_to=recording.raised_to,
    )


def _to_values(ended: Ended) -> dict[str, object]:
    return {
        "ended": ended.recording_id,
        "duration_s": ended.duration_s,
        "complete": ended.complete,
        "transcript": ended.transcript.value,
    }


def to_recording(row: RecordingRow) -> Recording:
    return Recording(
        recording_id=RecordingId(row.recording_id),
        call_id=CallId(row.call_id),
        agent_id=AgentId(row.agent_id),
        queue=QueueId(row.queue),
        file=row.file,
        started=row.started,
        languages=(row.caller_language, row.agent_language),
        duration_s=row.duration_s,
        complete=row.complete,
        transcript=TranscriptState(row.transcript),
        transcript_problem=row.transcript_problem,
        attempts=row.attempts,
        raised_to=row.raised_to,
    )


def _to_transcript_row(recording_id: RecordingId, side: SideTranscript) -> TranscriptRow:
    words = [HeardWord(w.text, w.start_s, w.end_s, w.confidence) for w in side.words]
    return TranscriptRow(
        recording_id=recording_id,
        side=side.side.value,
        language=side.language,
        text=side.text,
        words=msgspec.json.encode(words).decode(),
    )


def to_side(row: TranscriptRow) -> SideTranscript:
    words = msgspec.json.decode(row.words, type=list[HeardWord])
    return SideTranscript(
        Side(row.side),
        row.language,
        tuple(Word(w.text, w.start_s, w.end_s, w.confidence) for w in words),
    )
