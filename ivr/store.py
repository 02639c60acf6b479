"""What callers said, in the database; the same on SQLite and PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy import DateTime, Select, Text, delete, func, select, update
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Mapped, mapped_column

from foundation.db import Base
from foundation.errors import NotFound, Unavailable
from foundation.ids import CallId, PartyId
from ivr.understanding.heard import Heard, HeardFilter


class HeardRow(Base):
    __tablename__ = "heard"

    heard_id: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    call_id: Mapped[str]
    party_id: Mapped[str] = mapped_column(index=True)
    flow: Mapped[str] = mapped_column(index=True)
    node: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    confidence: Mapped[float]
    outcome: Mapped[str]
    choice: Mapped[str]
    intent: Mapped[str] = mapped_column(default="", index=True)
    corrected_by: Mapped[str] = mapped_column(default="")
    corrected_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class HeardStore:
    """Rows in, values out."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def add(self, heard: Sequence[Heard]) -> None:
        """Writing one twice does no harm."""
        async with self._transaction() as session:
            for one in heard:
                await session.merge(_to_row(one))

    async def get(self, heard_id: str) -> Heard:
        async with self._transaction() as session:
            row = await session.get(HeardRow, heard_id)
        if row is None:
            raise NotFound(f"Nobody was heard as {heard_id!r}, or it is forgotten.")
        return _to_heard(row)

    async def find(self, wanted: HeardFilter, limit: int = 100) -> tuple[list[Heard], int]:
        """The newest first, and how many there are in all."""
        chosen = _where(select(HeardRow), wanted)
        newest = chosen.order_by(HeardRow.at.desc(), HeardRow.heard_id).limit(limit)
        async with self._transaction() as session:
            total = await session.scalar(select(func.count()).select_from(chosen.subquery()))
            rows = await session.scalars(newest)
            return [_to_heard(row) for row in rows], total or 0

    async def corrected(self) -> list[Heard]:
        """The oldest correction first."""
        chosen = select(HeardRow).where(HeardRow.intent != "").order_by(HeardRow.corrected_at)
        async with self._transaction() as session:
            return [_to_heard(row) for row in await session.scalars(chosen)]

    async def correct(self, heard_id: str, intent: str, by: str, at: datetime) -> None:
        async with self._transaction() as session:
            await session.execute(
                update(HeardRow)
                .where(HeardRow.heard_id == heard_id)
                .values(intent=intent, corrected_by=by, corrected_at=at)
            )

    async def forget(self, before: datetime) -> None:
        """What was said before; of what was corrected the phrase stays, and not who said it."""
        old = HeardRow.at < before
        async with self._transaction() as session:
            await session.execute(delete(HeardRow).where(old, HeardRow.intent == ""))
            await session.execute(update(HeardRow).where(old).values(call_id="", party_id=""))

    async def erase(self, party_id: PartyId) -> None:
        """All that one caller said."""
        async with self._transaction() as session:
            await session.execute(delete(HeardRow).where(HeardRow.party_id == party_id))

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncSession]:
        try:
            async with self._sessions.begin() as session:
                yield session
        except (OperationalError, InterfaceError, OSError) as error:
            raise Unavailable(f"the database does not answer: {error}") from error


def _where(query: Select[HeardRow], wanted: HeardFilter) -> Select[HeardRow]:
    if wanted.flow is not None:
        query = query.where(HeardRow.flow == wanted.flow)
    if wanted.node is not None:
        query = query.where(HeardRow.node == wanted.node)
    if wanted.outcomes is not None:
        query = query.where(HeardRow.outcome.in_(wanted.outcomes))
    if wanted.is_corrected is not None:
        is_corrected = HeardRow.intent != ""
        query = query.where(is_corrected if wanted.is_corrected else ~is_corrected)
    return query


def _to_row(heard: Heard) -> HeardRow:
    return HeardRow(
        heard_id=heard.heard_id,
        at=heard.at,
        call_id=heard.call_id,
        party_id=heard.party_id,
        flow=heard.flow,
        node=heard.node,
        text=heard.text,
        confidence=heard.confidence,
        outcome=heard.outcome,
        choice=heard.choice,
        intent=heard.intent,
        corrected_by=heard.corrected_by,
        corrected_at=heard.corrected_at,
    )


def _to_heard(row: HeardRow) -> Heard:
    return Heard(
        heard_id=row.heard_id,
        at=_aware(row.at),
        call_id=CallId(row.call_id),
        party_id=PartyId(row.party_id),
        flow=row.flow,
        node=row.node,
        text=row.text,
        confidence=row.confidence,
        outcome=row.outcome,
        choice=row.choice,
        intent=row.intent,
        corrected_by=row.corrected_by,
        corrected_at=None if row.corrected_at is None else _aware(row.corrected_at),
    )


def _aware(at: datetime) -> datetime:
    """SQLite gives back naive times."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
