"""One transaction of the recordings' stores, with the database's troubles as one error of ours."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from foundation.errors import NotFound, Unavailable

GONE = "foreign key constraint"
"In the words of SQLite and of PostgreSQL: of a row that is about a recording, which there is not."


@asynccontextmanager
async def transaction(sessions: async_sessionmaker[AsyncSession]) -> AsyncIterator[AsyncSession]:
    """A full disk, a locked or absent database raise `Unavailable`; what was to be written about a
    recording that somebody has deleted meanwhile raises `NotFound`."""
    try:
        async with sessions.begin() as session:
            yield session
    except (OperationalError, InterfaceError, OSError) as error:
        raise Unavailable(f"the database does not answer: {error}") from error
    except IntegrityError as error:
        if GONE not in str(error.orig).lower():
            raise
        raise NotFound("The recording was deleted meanwhile.") from error
