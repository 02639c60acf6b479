"""A fresh database for a test: all tables of the imported models, or a centre's as migrated.

Either is made once in a process and then copied: hundreds of tests begin with one.
"""

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, create_engine, make_url
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from foundation.db import Base, make_engine, make_sessions


@asynccontextmanager
async def fresh_sessions(
    url: str = "sqlite:///:memory:",
) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    if (file := _file_of(url)) is not None:
        put_tables(file)
    with connections_ended():
        engine = make_engine(url)
        if file is None:
            async with engine.begin() as connection:
                await connection.run_sync(Base.metadata.drop_all)
                await connection.run_sync(Base.metadata.create_all)
        try:
            yield make_sessions(engine)
        finally:
            await engine.dispose()


def sqlite_file(folder: Path) -> str:
    """The URL of a database that several sessions can use at once, unlike the one in memory."""
    return f"sqlite:///{folder / 'test.db'}"


_begun: list[set[threading.Thread]] = []
"The threads there were when each `connections_ended` began that is not over."


@contextmanager
def connections_ended() -> Iterator[None]:
    """Those that were opened meanwhile have ended, too. Around the whole life of their engine; of
    several round each other the outermost waits, when all engines are disposed of.

    aiosqlite's thread goes on when what it was asked is cancelled, and tells it to the event loop.
    """
    _begun.append(set(threading.enumerate()))
    try:
        yield
    finally:
        before = _begun.pop()
    if not _begun:
        _wait_for_connections(before)


def _wait_for_connections(before: set[threading.Thread]) -> None:
    for thread in set(threading.enumerate()) - before:
        if "_connection_worker_thread" in thread.name:
            thread.join(timeout=10)
            assert not thread.is_alive(), "a connection was left open"


def put_tables(file: Path) -> None:
    """An SQLite file with the tables of all models that are imported now, all empty."""
    _put(file, _with_tables(frozenset(Base.metadata.tables)))


def put_schema(url: str) -> None:
    """As `create_schema`, for a centre's SQLite database: nothing happens when it is there."""
    file = _file_of(url)
    assert file is not None, url
    if not file.exists():
        _put(file, _migrated())


def _put(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    for rest in ("-wal", "-shm"):
        file.with_name(file.name + rest).unlink(missing_ok=True)
    file.write_bytes(content)


def _file_of(url: str) -> Path | None:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        return None
    return Path(str(parsed.database))


@cache
def _with_tables(_names: frozenset[str]) -> bytes:
    return _made(Base.metadata.create_all)


@cache
def _migrated() -> bytes:
    # Alembic is imported by those who need it: it takes longer than the rest.
    from foundation.schema import upgrade

    return _made(upgrade)


def _made(make: Callable[[Connection], None]) -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder, "made.db")
        engine = create_engine(f"sqlite:///{file}")
        with engine.begin() as connection:
            make(connection)
        engine.dispose()
        return file.read_bytes()
