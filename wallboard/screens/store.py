"""TV links in the database: core adds and removes them, the web process reads them."""

from datetime import UTC, datetime

from sqlalchemy import DateTime, delete, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Mapped, mapped_column

from foundation.db import TROUBLES, Base
from foundation.errors import Conflict, NotFound, Unavailable
from foundation.ids import TvLinkId
from wallboard.screens.tv_links import MOST_LINKS, TvLink


class TvLinkRow(Base):
    __tablename__ = "tv_link"

    link_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    board: Mapped[str]
    hides_names: Mapped[bool]
    made_by: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    token_hash: Mapped[str] = mapped_column(unique=True)


class TvLinkStore:
    """Raises `Unavailable` when the database is away."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def all(self) -> list[TvLink]:
        """In the order in which they were made."""
        try:
            async with self._sessions() as session:
                rows = await session.scalars(select(TvLinkRow).order_by(TvLinkRow.made_at))
                return [_to_link(row) for row in rows]
        except TROUBLES as error:
            raise _away(error) from error

    async def add(self, link: TvLink) -> None:
        if len(await self.all()) >= MOST_LINKS:
            raise Conflict(f"There are {MOST_LINKS} TV links already; revoke some first.")
        try:
            async with self._sessions.begin() as session:
                session.add(_to_row(link))
        except TROUBLES as error:
            raise _away(error) from error

    async def remove(self, link_id: TvLinkId) -> None:
        try:
            async with self._sessions.begin() as session:
                row = await session.get(TvLinkRow, link_id)
                if row is None:
                    raise NotFound(f"There is no TV link {link_id!r}.")
                await session.execute(delete(TvLinkRow).where(TvLinkRow.link_id == link_id))
        except TROUBLES as error:
            raise _away(error) from error


def _away(error: BaseException) -> Unavailable:
    return Unavailable(f"The database cannot be used: {type(error).__name__}.")


def _to_link(row: TvLinkRow) -> TvLink:
    # SQLite keeps no time zone.
    made_at = row.made_at if row.made_at.tzinfo else row.made_at.replace(tzinfo=UTC)
    return TvLink(
        link_id=TvLinkId(row.link_id),
        name=row.name,
        board=row.board,
        hides_names=row.hides_names,
        made_by=row.made_by,
        made_at=made_at,
        token_hash=row.token_hash,
    )


def _to_row(link: TvLink) -> TvLinkRow:
    return TvLinkRow(
        link_id=link.link_id,
        name=link.name,
        board=link.board,
        hides_names=link.hides_names,
        made_by=link.made_by,
        made_at=link.made_at,
        token_hash=link.token_hash,
    )
