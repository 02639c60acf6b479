"""What judging needs beside the transcript, and what came of it; SQLite and PostgreSQL alike.

quality_talk     voices, holds and end of a talk: so that a new pack needs no audio
quality_result   one row for each recording and version of a pack; the newest one `counts`
quality_hit      which rules a result has broken, for lists by rule
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import ForeignKey, Select, Text, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Mapped, mapped_column

from foundation.db import Base
from foundation.ids import RecordingId
from recordings.quality.talk import Span, Verdict, Voice
from recordings.recording import Recording, RecordingFilter, TranscriptState
from recordings.store import IS_TALK, RecordingRow, UtcDateTime, matching, to_recording
from recordings.transactions import transaction
from telephony.calls.events import EndedBy, Side


class QualityTalkRow(Base):
    __tablename__ = "quality_talk"

    recording_id: Mapped[str] = mapped_column(
        ForeignKey("recording.recording_id", ondelete="CASCADE"), primary_key=True
    )
    voices: Mapped[str] = mapped_column(Text)
    circumstances: Mapped[str | None] = mapped_column(Text)


class QualityResultRow(Base):
    __tablename__ = "quality_result"

    recording_id: Mapped[str] = mapped_column(
        ForeignKey("recording.recording_id", ondelete="CASCADE"), primary_key=True
    )
    pack: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    scored: Mapped[datetime] = mapped_column(UtcDateTime)
    score: Mapped[float] = mapped_column(index=True)
    counts: Mapped[bool]
    verdict: Mapped[str] = mapped_column(Text)


class QualityHitRow(Base):
    __tablename__ = "quality_hit"

    recording_id: Mapped[str] = mapped_column(
        ForeignKey("recording.recording_id", ondelete="CASCADE"), primary_key=True
    )
    pack: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    rule: Mapped[str] = mapped_column(primary_key=True, index=True)
    times: Mapped[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the journal knows of a talk."""

    holds: tuple[Span, ...] = ()
    ended_by: EndedBy | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What was kept of a talk for judging."""

    voices: Mapping[Side, Voice]
    circumstances: Circumstances | None
    "None: not looked up yet."


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A verdict in its time."""

    recording_id: RecordingId
    scored: datetime
    counts: bool
    "The newest of its recording."
    verdict: Verdict


class QualityStore:
    """All of it. The database's troubles come as `Unavailable`."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def keep_voices(self, recording_id: RecordingId, voices: Mapping[Side, Voice]) -> None:
        """What the transcriber measured; the same again does no harm."""
        text = msgspec.json.encode({side.value: one for side, one in voices.items()}).decode()
        async with self._transaction() as session:
            row = await session.get(QualityTalkRow, recording_id)
            if row is None:
                session.add(QualityTalkRow(recording_id=recording_id, voices=text))
            else:
                row.voices = text

    async def keep_circumstances(self, recording_id: RecordingId, known: Circumstances) -> None:
        text = msgspec.json.encode(known).decode()
        async with self._transaction() as session:
            row = await session.get(QualityTalkRow, recording_id)
            if row is None:
                session.add(
                    QualityTalkRow(recording_id=recording_id, voices="{}", circumstances=text)
                )
            else:
                row.circumstances = text

    async def kept(self, recording_id: RecordingId) -> Kept:
        """Empty for talks from before there was any of this."""
        async with self._transaction() as session:
            row = await session.get(QualityTalkRow, recording_id)
        return Kept({}, None) if row is None else _to_kept(row)

    async def add(self, recording_id: RecordingId, scored: datetime, verdict: Verdict) -> None:
        """From now on this one counts; an earlier one of the same version is replaced."""
        async with self._transaction() as session:
            await session.execute(
                update(QualityResultRow)
                .where(QualityResultRow.recording_id == recording_id)
                .values(counts=False)
            )
            await session.execute(
                delete(QualityHitRow).where(
                    QualityHitRow.recording_id == recording_id,
                    QualityHitRow.pack == verdict.pack,
                    QualityHitRow.version == verdict.version,
                )
            )
            await session.merge(_to_row(recording_id, scored, verdict))
            session.add_all(_hit_rows(recording_id, verdict))

    async def results(self, recording_id: RecordingId) -> list[Result]:
        """Of all versions, the newest first."""
        async with self._transaction() as session:
            rows = await session.scalars(
                select(QualityResultRow)
                .where(QualityResultRow.recording_id == recording_id)
                .order_by(QualityResultRow.counts.desc(), QualityResultRow.scored.desc())
            )
            return [_to_result(row) for row in rows]

    async def worst(
        self, wanted: RecordingFilter, rule: str | None, limit: int, offset: int
    ) -> tuple[list[tuple[Recording, Result]], int]:
        """One page of those that count, the lowest score first, and how many there are."""
        chosen = _counting(wanted, rule)
        page = chosen.order_by(QualityResultRow.score, RecordingRow.started.desc())
        async with self._transaction() as session:
            total = await session.scalar(select(func.count()).select_from(chosen.subquery()))
            rows = (await session.execute(page.limit(limit).offset(offset))).all()
        return [(to_recording(one), _to_result(row)) for one, row in rows], total or 0

    async def transcribed(
        self, wanted: RecordingFilter, limit: int, *, but_scored_since: datetime | None = None
    ) -> list[Recording]:
        """Talks that can be judged, the newest first; none that was judged since then."""
        chosen = select(RecordingRow).where(
            RecordingRow.transcript == TranscriptState.READY.value, IS_TALK, *matching(wanted)
        )
        if but_scored_since is not None:
            done = select(QualityResultRow.recording_id).where(
                QualityResultRow.scored >= but_scored_since
            )
            chosen = chosen.where(RecordingRow.recording_id.not_in(done))
        return await self._recordings(chosen.order_by(RecordingRow.started.desc()).limit(limit))

    async def unjudged(self, since: datetime, limit: int) -> list[Recording]:
        """Transcribed since then and without any result, the oldest first."""
        judged = select(QualityResultRow.recording_id)
        chosen = select(RecordingRow).where(
            RecordingRow.transcript == TranscriptState.READY.value,
            IS_TALK,
            RecordingRow.started >= since,
            RecordingRow.recording_id.not_in(judged),
        )
        return await self._recordings(chosen.order_by(RecordingRow.started).limit(limit))

    async def _recordings(self, query: Select[RecordingRow]) -> list[Recording]:
        async with self._transaction() as session:
            return [to_recording(row) for row in await session.scalars(query)]

    def _transaction(self) -> AbstractAsyncContextManager[AsyncSession]:
        return transaction(self._sessions)


def _counting(wanted: RecordingFilter, rule: str | None) -> Select[RecordingRow, QualityResultRow]:
    query = (
        select(RecordingRow, QualityResultRow)
        .join(QualityResultRow, QualityResultRow.recording_id == RecordingRow.recording_id)
        .where(QualityResultRow.counts.is_(True), *matching(wanted))
    )
    if rule is None:
        return query
    return query.join(
        QualityHitRow,
        (QualityHitRow.recording_id == QualityResultRow.recording_id)
        & (QualityHitRow.pack == QualityResultRow.pack)
        & (QualityHitRow.version == QualityResultRow.version),
    ).where(QualityHitRow.rule == rule)


def _to_kept(row: QualityTalkRow) -> Kept:
    voices = msgspec.json.decode(row.voices, type=dict[Side, Voice])
    known = row.circumstances
    return Kept(voices, None if known is None else msgspec.json.decode(known, type=Circumstances))


def _to_row(recording_id: RecordingId, scored: datetime, verdict: Verdict) -> QualityResultRow:
    return QualityResultRow(
        recording_id=recording_id,
        pack=verdict.pack,
        version=verdict.version,
        scored=scored,
        score=verdict.score,
        counts=True,
        verdict=msgspec.json.encode(verdict).decode(),
    )


def _to_result(row: QualityResultRow) -> Result:
    return Result(
        recording_id=RecordingId(row.recording_id),
        scored=row.scored,
        counts=row.counts,
        verdict=msgspec.json.decode(row.verdict, type=Verdict),
    )


def _hit_rows(recording_id: RecordingId, verdict: Verdict) -> Iterable[QualityHitRow]:
    rules: Sequence[str] = [hit.rule for hit in verdict.hits]
    for rule in sorted(set(rules)):
        yield QualityHitRow(
            recording_id=recording_id,
            pack=verdict.pack,
            version=verdict.version,
            rule=rule,
            times=rules.count(rule),
        )
