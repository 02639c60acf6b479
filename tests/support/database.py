"""A database of one test's own: all tables of the imported models."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from foundation.db import Base, make_engine, make_sessions


@asynccontextmanager
async def fresh_database(
    url: str = "sqlite:///:memory:",
) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    """Empty tables, also in a database that an earlier test has used."""
    engine = make_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.drop_all)
            await connection.run_sync(Base.metadata.create_all)
        yield make_sessions(engine)
    finally:
        await engine.dispose()


fresh_sessions = fresh_database


def sqlite_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'test.db'}"
