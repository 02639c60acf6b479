"""The ground under every `store.py`: one declarative base, engines for SQLite and PostgreSQL.

Rows never leave a store; everything above sees frozen values. Core is the only writer. The journal
is not in here: it has its own file (`foundation.journal`).
"""

import asyncio
import re
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, TypeAlias

import aiosqlite
from sqlalchemy import Column, Connection, MetaData, String, Table, event, inspect, make_url, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import ConnectionPoolEntry

from foundation.errors import ConfigurationError

BUSY_TIMEOUT_MS = 5000
"How long SQLite waits for another process's lock; only checkpoints and tools hold one that long."

CACHE_KB = 512
"SQLite's own default is 2000."

MIGRATIONS = Path(__file__).parent / "migrations"
REVISIONS = Table("alembic_version", MetaData(), Column("version_num", String))
"Alembic's own: where the database stands."

Sessions: TypeAlias = async_sessionmaker[AsyncSession]

TROUBLES = (SQLAlchemyError, OSError)
"What a statement may raise when the database is away, full or not what it should be."

DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}


class Base(DeclarativeBase):
    """Parent of all rows. Constraints are named by rule, so that migrations can name them too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def make_engine(url: str, folder: Path | None = None) -> AsyncEngine:
    """`url` as an administrator writes it: sqlite:///path or postgresql://user@host/name.

    A relative SQLite path is taken from `folder` (default: the working directory), which is made
    when it is missing.
    """
    parsed = _with_driver(url)
    if parsed.get_backend_name() != "sqlite":
        return create_async_engine(parsed, pool_pre_ping=True)
    if parsed.database and parsed.database != ":memory:":
        engine = _engine_of_file(parsed, (folder or Path()) / parsed.database)
    else:
        engine = create_async_engine(parsed)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    return engine


def _engine_of_file(parsed: URL, file: Path) -> AsyncEngine:
    file.parent.mkdir(parents=True, exist_ok=True)
    # The connection that was used last comes first: each keeps pages of the file, and taken in turn
    # all of the pool would come to keep the same ones.
    return create_async_engine(
        parsed.set(database=str(file)),
        pool_use_lifo=True,
        connect_args={"async_creator_fn": _open},
    )


def _open(*args: Any, **options: Any) -> Awaitable[aiosqlite.Connection]:  # noqa: ANN401
    """As SQLAlchemy would, with a thread that keeps no process from its end."""
    connection = aiosqlite.connect(*args, **options)
    connection._thread.daemon = True
    return _opened(connection)


async def _opened(connection: aiosqlite.Connection) -> aiosqlite.Connection:
    """Opened, and closed again, also when nobody waits for it any more: its thread tells the event
    loop that it is open, which at the end of a process would be gone by then."""
    opening = asyncio.ensure_future(connection)
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        await asyncio.wait([opening])
        if opening.exception() is None:
            await connection.close()
        raise


def make_sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Values read before a commit stay readable after it: stores turn rows into values anyway."""
    return async_sessionmaker(engine, expire_on_commit=False)


def insert_missing(session: AsyncSession, row: type[Base]) -> "postgresql.Insert | sqlite.Insert":
    """To be executed with a list of rows as dicts: those that are there already stay as they are.

    One statement for many rows, past the ORM: a row for each call is written this way.
    """
    return _insert(session, row).on_conflict_do_nothing()


def insert_newest(session: AsyncSession, row: type[Base]) -> "postgresql.Insert | sqlite.Insert":
    """The same, but those that are there already become what they are now."""
    insert = _insert(session, row)
    columns = insert.table.columns
    news = {each.name: insert.excluded[each.name] for each in columns if not each.primary_key}
    key = [each.name for each in columns if each.primary_key]
    return insert.on_conflict_do_update(index_elements=key, set_=news)


def _insert(session: AsyncSession, row: type[Base]) -> "postgresql.Insert | sqlite.Insert":
    table = row.__table__
    assert isinstance(table, Table)
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    return sqlite.insert(table) if is_sqlite else postgresql.insert(table)


async def create_schema(engine: AsyncEngine) -> None:
    """Bring the database to the newest revision; nothing happens when it is there already."""
    async with engine.begin() as connection:
        if not await connection.run_sync(_is_newest):
            # Alembic is imported when there is something to do: it takes longer than the rest.
            from foundation.schema import upgrade

            await connection.run_sync(upgrade)


def _is_newest(connection: Connection) -> bool:
    if not inspect(connection).has_table(REVISIONS.name):
        return False
    return set(connection.scalars(select(REVISIONS.c.version_num))) == newest_revisions()


async def forget_deleted(sessions: Sessions) -> None:
    """What was deleted stands in SQLite's log until that is written back: now. Somebody who reads
    for long may keep it from that, and it is done at the next time. Servers do this themselves."""
    engine: AsyncEngine = sessions.kw["bind"]
    if engine.dialect.name != "sqlite":
        return
    async with engine.connect() as connection:
        plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await plain.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def newest_revisions() -> set[str]:
    """Of the migrations' files: what no other one follows."""
    texts = [file.read_text(encoding="utf-8") for file in (MIGRATIONS / "versions").glob("*.py")]
    made = {found[1] for text in texts if (found := _REVISION.search(text))}
    return made - {found[1] for text in texts if (found := _REVISED.search(text))}


_REVISION = re.compile(r'^revision: str = "(\w+)"', re.MULTILINE)
_REVISED = re.compile(r'^down_revision: str \| None = "(\w+)"', re.MULTILINE)


def is_described(_: object, name: str | None, __: str, reflected: bool, ___: object) -> bool:
    """For Alembic: a full-text index (`fts_…`, with what SQLite keeps beside it) is written by
    hand in its migration and described by no row."""
    return not (reflected and (name or "").startswith(("fts_", "ix_fts_")))


def _with_driver(url: str) -> URL:
    parsed = make_url(url)
    driver = DRIVERS.get(parsed.drivername, parsed.drivername)
    if driver not in DRIVERS.values():
        raise ConfigurationError(
            [f"store.url is {url!r}; it must begin with sqlite:/// or postgresql://"]
        )
    return parsed.set(drivername=driver)


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
        # Of each connection. The system has the file in memory too: more saves no time here, and
        # fills for ten thousand calls.
        f"cache_size = -{CACHE_KB}",
        # What is deleted is overwritten, for it may be of a caller who was erased.
        "secure_delete = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
