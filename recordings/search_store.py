"""Finds recordings by what was said in them; the same on SQLite (FTS5) and PostgreSQL.

All terms must have been said in a recording, by either side or, where a side is asked for, by that
one. The database finds the recordings; `recordings.question` then finds the places in their words.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, String, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from foundation.ids import AgentId, QueueId, RecordingId
from recordings.question import Term
from recordings.recording import Recording, SideTranscript
from recordings.search_rows import (
    POSTGRESQL,
    CallClassRow,
    TranscriptIndexRow,
    replace_parts,
)
from recordings.store import RecordingRow, TranscriptRow, to_recording, to_side
from recordings.terms import IndexPart
from recordings.transactions import transaction
from telephony.calls.events import Side

MOST_CLASSES = 500
MERGE_PAGES = 256
"Of 4 KB, written in one step."
MERGED_CHANGES = 2
"Fewer in a step: there was nothing to merge."
_MERGE = text("INSERT INTO fts_transcript (fts_transcript, rank) VALUES ('merge', :pages)")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFilter:
    """Which recordings are looked through; None means any."""

    agents: frozenset[AgentId] | None = None
    "Who may be heard."
    queue: QueueId | None = None
    call_class: str | None = None
    "A menu choice, an intent or a wrap-up code."
    side: Side | None = None
    "Who must have said it."
    started_from: datetime | None = None
    "Inclusive."
    started_before: datetime | None = None
    "Exclusive."


@dataclass(frozen=True, slots=True)
class Found:
    recording: Recording
    transcript: tuple[SideTranscript, ...]
    "Of the sides that were asked for."


@dataclass(frozen=True, slots=True)
class Indexed:
    """What one side of a transcript is found by."""

    side: Side
    parts: tuple[IndexPart, ...]


class SearchStore:
    """Web reads it; the index is written with the transcript, or anew by `put`."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def forget_deleted(self) -> None:
        """SQLite's index keeps the words of what was deleted until it is merged: all of it, in
        steps of some milliseconds, between which others write. PostgreSQL's has a vacuum."""
        pages = -MERGE_PAGES  # the first step takes up every part of the index, however small
        while await self._merge(pages):
            pages = MERGE_PAGES

    async def _merge(self, pages: int) -> bool:
        """False when nothing is left to be done; see "merge" in FTS5's documentation."""
        async with self._transaction() as session:
            if session.get_bind().dialect.name == POSTGRESQL:
                return False
            before = await session.scalar(text("SELECT total_changes()"))
            await session.execute(_MERGE, {"pages": pages})
            after = await session.scalar(text("SELECT total_changes()"))
        return int(after or 0) - int(before or 0) >= MERGED_CHANGES

    async def find(
        self, terms: Sequence[Term], wanted: SearchFilter, limit: int, offset: int
    ) -> tuple[list[Found], int]:
        """One page, the newest first, and how many recordings there are in all."""
        async with self._transaction() as session:
            is_postgresql = session.get_bind().dialect.name == POSTGRESQL
            said = [_has_term(term, wanted.side, is_postgresql) for term in terms]
            chosen = _where(select(RecordingRow), wanted).where(*said)
            total = await session.scalar(select(func.count()).select_from(chosen.subquery()))
            page = chosen.order_by(RecordingRow.started.desc(), RecordingRow.recording_id)
            rows = list(await session.scalars(page.limit(limit).offset(offset)))
            said_in = await _transcripts(session, [row.recording_id for row in rows])
        return [_found(row, said_in, wanted.side) for row in rows], total or 0

    async def classes(self) -> list[tuple[str, str]]:
        """Kind and name of all that calls were about, in order."""
        async with self._transaction() as session:
            rows = await session.execute(
                select(CallClassRow.kind, CallClassRow.name)
                .distinct()
                .order_by(CallClassRow.kind, CallClassRow.name)
                .limit(MOST_CLASSES)
            )
            return [(kind, name) for kind, name in rows]

    # -- the index anew ----------------------------------------------------------------------------

    async def count(self, *, all_of_them: bool) -> int:
        """Transcripts to be indexed: those that are not, or all."""
        async with self._transaction() as session:
            wanted = _to_index(all_of_them=all_of_them, after="").subquery()
            return await session.scalar(select(func.count()).select_from(wanted)) or 0

    async def next_transcripts(
        self, *, all_of_them: bool, after: str, limit: int
    ) -> dict[RecordingId, list[SideTranscript]]:
        """By recording, in the order of their ids, beginning behind `after`."""
        async with self._transaction() as session:
            chosen = _to_index(all_of_them=all_of_them, after=after)
            ids = list(await session.scalars(chosen.limit(limit)))
            said_in = await _transcripts(session, ids)
        return {RecordingId(each): said_in.get(each, []) for each in ids}

    async def put(self, recording_id: RecordingId, sides: Sequence[Indexed]) -> None:
        """Passed over for a recording that is gone by now."""
        async with self._transaction() as session:
            if await session.get(RecordingRow, recording_id) is not None:
                by_side = [(each.side.value, each.parts) for each in sides]
                await replace_parts(session, recording_id, by_side)

    def _transaction(self) -> AbstractAsyncContextManager[AsyncSession]:
        return transaction(self._sessions)


def _to_index(*, all_of_them: bool, after: str) -> Select[str]:
    chosen = (
        select(TranscriptRow.recording_id)
        .distinct()
        .where(TranscriptRow.recording_id > after)
        .order_by(TranscriptRow.recording_id)
    )
    if all_of_them:
        return chosen
    indexed = select(TranscriptIndexRow.recording_id)
    return chosen.where(TranscriptRow.recording_id.not_in(indexed))


async def _transcripts(
    session: AsyncSession, ids: Sequence[str]
) -> dict[str, list[SideTranscript]]:
    """The sides in order, caller first."""
    rows = await session.scalars(select(TranscriptRow).where(TranscriptRow.recording_id.in_(ids)))
    order = {side.value: number for number, side in enumerate(Side)}
    said_in: dict[str, list[SideTranscript]] = {}
    for row in sorted(rows, key=lambda row: order[row.side]):
        said_in.setdefault(row.recording_id, []).append(to_side(row))
    return said_in


def _found(row: RecordingRow, said_in: dict[str, list[SideTranscript]], side: Side | None) -> Found:
    sides = said_in.get(row.recording_id, [])
    return Found(to_recording(row), tuple(one for one in sides if side in (None, one.side)))


def _has_term(term: Term, side: Side | None, is_postgresql: bool) -> ColumnElement[bool]:
    """Units are letters and digits (`recordings.terms`): nothing in them needs escaping."""
    column, units = ("words", (term.word,)) if term.word else ("letters", term.letters)
    if is_postgresql:
        condition = f"{column} @@ CAST(CAST(:units AS text) AS tsquery)"
        asked = " <-> ".join(f"'{unit}'" for unit in units)
    else:
        condition, asked = "fts_transcript MATCH :units", f'{column} : "{" ".join(units)}"'
    # The table is described by no row (`search_rows`), so it is named in text.
    in_parts = text(f"transcript_index.id IN (SELECT rowid FROM fts_transcript WHERE {condition})")
    in_parts = in_parts.bindparams(bindparam("units", asked, type_=String, unique=True))
    chosen = select(TranscriptIndexRow.recording_id).where(in_parts)
    if side is not None:
        chosen = chosen.where(TranscriptIndexRow.side == side.value)
    return RecordingRow.recording_id.in_(chosen)


def _where(query: Select[RecordingRow], wanted: SearchFilter) -> Select[RecordingRow]:
    if wanted.agents is not None:
        query = query.where(RecordingRow.agent_id.in_(wanted.agents))
    if wanted.queue is not None:
        query = query.where(RecordingRow.queue == wanted.queue)
    if wanted.call_class is not None:
        about = select(CallClassRow.call_id).where(CallClassRow.name == wanted.call_class)
        query = query.where(RecordingRow.call_id.in_(about))
    if wanted.started_from is not None:
        query = query.where(RecordingRow.started >= wanted.started_from)
    if wanted.started_before is not None:
        query = query.where(RecordingRow.started < wanted.started_before)
    return query
