"""One transaction of the recordings' stores, with the database's troubles as one error of ours."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from foundation.errors import Unavailable


@asynccontextmanager
async def transaction(sessions: async_sessionmaker[AsyncSession]) -> AsyncIterator[AsyncSession]:
    """A full disk, a locked or absent database raise `Unavailable`."""
    try:
        async with sessions.begin() as session:
            yield session
    except (OperationalError, InterfaceError, OSError) as error:
        raise Unavailable(f"the database does not answer: {error}") from error
