"""The rows that only the search reads: what a transcript is found by, and what a call was about.

    transcript_index ── a part of a side's transcript, gone with its recording
          │ id = rowid
    fts_transcript   ── its words and letters (`recordings.terms`): an FTS5 table on SQLite, two
                        tsvectors on PostgreSQL; gone with its part
    call_class       ── menu choices, intents and wrap-up codes of recorded calls

The database's own ways of taking texts apart are not used: what is stored are jieba's words.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, ForeignKey, Table, delete, event, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from foundation.db import Base, insert_missing
from recordings.terms import IndexPart

POSTGRESQL = "postgresql"
SQLITE_TABLES = (
    "CREATE VIRTUAL TABLE fts_transcript USING fts5"
    "(words, letters, tokenize='unicode61 remove_diacritics 0')",
    "CREATE TRIGGER fts_transcript_goes AFTER DELETE ON transcript_index "
    "BEGIN DELETE FROM fts_transcript WHERE rowid = old.id; END",
)
POSTGRESQL_TABLES = (
    "CREATE TABLE fts_transcript (rowid INTEGER PRIMARY KEY "
    "REFERENCES transcript_index (id) ON DELETE CASCADE, "
    "words tsvector NOT NULL, letters tsvector NOT NULL)",
    "CREATE INDEX ix_fts_transcript_words ON fts_transcript USING gin (words)",
    "CREATE INDEX ix_fts_transcript_letters ON fts_transcript USING gin (letters)",
)
"The same in the migration `words_search`, which imports nothing."

_INSERT = text("INSERT INTO fts_transcript (rowid, words, letters) VALUES (:id, :words, :letters)")
# By way of text: the driver does not know how to send a tsvector.
_INSERT_VECTORS = text(
    "INSERT INTO fts_transcript (rowid, words, letters) VALUES (:id, "
    "CAST(CAST(:words AS text) AS tsvector), CAST(CAST(:letters AS text) AS tsvector))"
)


class TranscriptIndexRow(Base):
    __tablename__ = "transcript_index"

    id: Mapped[int] = mapped_column(primary_key=True)
    recording_id: Mapped[str] = mapped_column(
        ForeignKey("recording.recording_id", ondelete="CASCADE"), index=True
    )
    side: Mapped[str]


class CallClassRow(Base):
    """One thing that a recorded call was about."""

    __tablename__ = "call_class"

    call_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True, index=True)


def _create_fts(_: Table, connection: Connection, **__: object) -> None:
    """Where tables are made from the rows, as tests do it."""
    is_postgresql = connection.dialect.name == POSTGRESQL
    for statement in POSTGRESQL_TABLES if is_postgresql else SQLITE_TABLES:
        connection.execute(text(statement))


def _drop_fts(_: Table, connection: Connection, **__: object) -> None:
    connection.execute(text("DROP TABLE IF EXISTS fts_transcript"))


event.listen(TranscriptIndexRow.__table__, "after_create", _create_fts)
event.listen(TranscriptIndexRow.__table__, "before_drop", _drop_fts)


async def replace_parts(
    session: AsyncSession, recording_id: str, sides: Iterable[tuple[str, Sequence[IndexPart]]]
) -> None:
    """By side; what the recording was found by before is gone."""
    await session.execute(
        delete(TranscriptIndexRow).where(TranscriptIndexRow.recording_id == recording_id)
    )
    is_postgresql = session.get_bind().dialect.name == POSTGRESQL
    for side, parts in sides:
        # A side that said nothing has an empty part all the same: it was indexed.
        for part in parts or (IndexPart("", ""),):
            row = TranscriptIndexRow(recording_id=recording_id, side=side)
            session.add(row)
            await session.flush()
            if is_postgresql:
                vectors = {"words": vector(part.words), "letters": vector(part.letters)}
                await session.execute(_INSERT_VECTORS, {"id": row.id} | vectors)
            else:
                units = {"words": part.words, "letters": part.letters}
                await session.execute(_INSERT, {"id": row.id} | units)


def vector(units: str) -> str:
    """As PostgreSQL writes a tsvector: each unit with its places. Units are letters and digits
    (`recordings.terms`), so nothing needs escaping."""
    return " ".join(f"'{unit}':{at}" for at, unit in enumerate(units.split(), start=1))


async def add_classes(session: AsyncSession, classes: Sequence[tuple[str, str, str]]) -> None:
    """(call, kind, name): each once, however often it is told."""
    if classes:
        rows = [{"call_id": call, "kind": kind, "name": name} for call, kind, name in classes]
        await session.execute(insert_missing(session, CallClassRow), rows)
