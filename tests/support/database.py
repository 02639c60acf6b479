"""A fresh database for the test of a store: all tables of the imported models, all empty."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from foundation.db import Base, make_engine, make_sessions


@asynccontextmanager
async def fresh_sessions(
    url: str = "sqlite:///:memory:",
) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    engine = make_engine(url)
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
